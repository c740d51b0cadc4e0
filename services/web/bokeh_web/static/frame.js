// Shows one plot: fetches its scene and its columns, puts them together, and hands them to BokehJS.
// It runs before BokehJS is there, so that the data is on its way meanwhile.
"use strict";
(() => {
  const note = JSON.parse(document.getElementById("note").textContent);
  const BATCH_BYTES = 256 * 1024; // smaller columns come in one answer, larger ones each alone and at once

  async function request(address, options = {}) {
    const headers = { Authorization: `Bearer ${note.token}`, ...options.headers };
    const response = await fetch(address, { ...options, headers, credentials: "omit" });
    if (!response.ok) {
      const problem = await response.json().catch(() => ({}));
      const error = new Error(problem.detail ?? `${address} answered ${response.status}`);
      throw Object.assign(error, { status: response.status });
    }
    return response;
  }

  // A page that was downloaded has everything in it, and asks nobody.
  const textOf = (selector) => document.querySelector(selector).textContent;
  const decode = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;

  const fetchScene = async () => (note.inline ? JSON.parse(textOf("#scene")) : (await request(note.scene)).json());

  const fetchColumn = async (hash) => (await request(`${note.columns}/${hash}`)).arrayBuffer();

  const inlineColumns = () =>
    new Map([...document.querySelectorAll("[data-column]")].map((e) => [e.dataset.column, decode(e.textContent)]));

  // For each column its length in bytes as a uint64 (little-endian), then its bytes.
  async function fetchBatch(hashes) {
    const body = JSON.stringify({ columns: hashes });
    const headers = { "Content-Type": "application/json" };
    const response = await request(note.columns, { method: "POST", body, headers });
    const data = await response.arrayBuffer();
    const view = new DataView(data);
    let at = 0;
    return hashes.map((hash) => {
      const start = at + 8;
      at = start + Number(view.getBigUint64(at, true));
      return [hash, data.slice(start, at)];
    });
  }

  async function fetchColumns(hashes) {
    const isLarge = (hash) => note.sizes[hash] > BATCH_BYTES; // nobody knows of live data that came later
    const [small, large] = [hashes.filter((hash) => !isLarge(hash)), hashes.filter(isLarge)];
    const batches = [];
    for (let i = 0; i < small.length; i += 1000) batches.push(fetchBatch(small.slice(i, i + 1000)));
    const alone = large.map(async (hash) => [[hash, await fetchColumn(hash)]]);
    return new Map((await Promise.all([...alone, ...batches])).flat());
  }

  // A packed column: uint32 length of a JSON header, the header, then buffers, padded to multiples of 8 bytes.
  function unpack(data) {
    const size = new DataView(data).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, size)));
    let at = 4 + size;
    const buffers = header.buffers.map((length) => {
      const buffer = data.slice(at, at + length);
      at += Math.ceil(length / 8) * 8;
      return buffer;
    });
    return { value: header.value, buffers };
  }

  // BokehJS takes arrays without copying them, so each place in the document needs a buffer of its own:
  // two columns of the same values must not change together.
  class Assembler {
    constructor(columns) {
      this.columns = columns;
      this.buffers = new Map();
      this.used = new Set();
    }

    leaf(buffer) {
      const id = String(this.buffers.size);
      this.buffers.set(id, buffer);
      return { type: "bytes", data: { id } };
    }

    column(hash) {
      const buffer = this.columns.get(hash);
      if (!buffer) throw new Error(`column ${hash} is missing`);
      if (this.used.has(hash)) return buffer.slice(0);
      this.used.add(hash);
      return buffer;
    }

    assemble(value, find = (id) => this.column(id)) {
      if (Array.isArray(value)) {
        for (let i = 0; i < value.length; i++) value[i] = this.assemble(value[i], find);
        return value;
      }
      if (value === null || typeof value !== "object") return value;
      if (value.type === "bytes" && typeof value.data === "object") return this.leaf(find(value.data.id));
      if (value.type === "packed") {
        const packed = unpack(this.columns.get(value.data.id));
        return this.assemble(packed.value, (i) => packed.buffers[i]);
      }
      for (const key of Object.keys(value)) value[key] = this.assemble(value[key], find);
      return value;
    }
  }

  // Neither of these has a box of its own: the figures are laid out as if they stood in the body.
  function stage() {
    const heading = document.createElement("h1");
    heading.className = "unseen";
    heading.textContent = note.title;
    const main = document.createElement("main");
    main.style.display = "contents";
    main.append(heading);
    document.body.append(main);
    return main;
  }

  function rootElement(id, place) {
    const element = document.createElement("div");
    element.dataset.rootId = id;
    element.style.display = "contents";
    place.append(element);
    return element;
  }

  const children = () => [...document.querySelectorAll("[data-root-id] > *")];

  // The height alone is told to whatever page is around; the rest goes to pages of this cloud.
  const tell = (type, message = {}, target = location.origin, moved = []) => {
    if (parent !== window && !note.inline)
      parent.postMessage({ type: `bokeh-cloud:${type}`, ...message }, target, moved);
  };

  function reportHeight() {
    const bottoms = children().map((child) => child.getBoundingClientRect().bottom + window.scrollY);
    tell("height", { height: Math.ceil(Math.max(0, ...bottoms)) }, "*");
  }

  function fail(error) {
    console.error(error);
    const message = document.createElement("main");
    message.className = "failure";
    message.setAttribute("role", "alert");
    message.innerHTML = '<h1>This plot could not be shown</h1><p></p><p><a href="">Try again</a></p>';
    message.querySelector("p").textContent = String(error.message ?? error);
    message.querySelector("a").href = location.href.split("#")[0];
    document.body.prepend(message);
    document.documentElement.dataset.state = "failed";
  }

  function columnsOf(value, found = new Set()) {
    if (value === null || typeof value !== "object") return found;
    if (["bytes", "packed"].includes(value.type) && typeof value.data === "object") return found.add(value.data.id);
    for (const item of Object.values(value)) columnsOf(item, found);
    return found;
  }

  // Of long columns, what the figures can show of them is enough, and of live data the columns that there are now;
  // the note has those of the publication, too. The scene has to say first which these are.
  async function loadShown() {
    const scene = await fetchScene();
    const buffers = new Map();
    const leaf = (buffer) => {
      const id = `window-${buffers.size}`;
      buffers.set(id, buffer);
      return { type: "bytes", data: { id } };
    };
    if (note.refine) windows = await self.bokehCloudWindows(scene, { note, request, unpack, leaf });
    const whole = [...columnsOf(scene)].filter((hash) => !buffers.has(hash));
    return [scene, new Map([...(await fetchColumns(whole)), ...buffers])];
  }

  const loadWhole = () =>
    Promise.all([fetchScene(), note.inline ? inlineColumns() : fetchColumns(Object.keys(note.sizes))]);

  let windows = null;
  const loaded = note.refine || note.live ? loadShown() : loadWhole();
  loaded.catch(() => {}); // `show` reports it, once there is a body to write to

  async function show() {
    const [scene, columns] = await loaded;
    performance.mark("bokeh-cloud:loaded");
    const assembler = new Assembler(columns);
    const json = assembler.assemble(scene);
    const { Document } = Bokeh.require("document");
    const doc = Document.from_json(json, [], assembler.buffers);
    performance.mark("bokeh-cloud:decoded");
    const idle = new Promise((resolve) => (doc.is_idle ? resolve() : doc.idle.connect(() => resolve())));
    const place = stage();
    const elements = doc.roots().map((root) => rootElement(root.id, place));
    doc.roots().forEach((root, i) => cloud.describe(elements[i], root));
    const views = await Bokeh.embed.add_document_standalone(doc, document.body, elements);
    Bokeh.documents.push(doc);
    await idle;
    windows?.follow(doc);
    performance.mark("bokeh-cloud:ready");
    document.documentElement.dataset.state = "ready";
    reportHeight();
    const observer = new ResizeObserver(reportHeight);
    for (const child of children()) observer.observe(child);
    return { doc, looker: cloud.look(doc, views) };
  }

  // For the scripts beside this one, which change what is shown.
  const cloud = { note, request, fetchScene, fetchBatch, columnsOf, Assembler, tell, loaded, hosted: false };
  cloud.shown = new Promise((resolve, reject) => {
    document.addEventListener("DOMContentLoaded", () => show().then(resolve, reject));
  });
  cloud.shown.catch(fail);
  window.bokehCloud = cloud;
})();
