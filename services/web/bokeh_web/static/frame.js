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
      throw new Error(problem.detail ?? `${address} answered ${response.status}`);
    }
    return response;
  }

  const fetchScene = async () => (await request(note.scene)).json();

  const fetchColumn = async (hash) => (await request(`${note.columns}/${hash}`)).arrayBuffer();

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

  async function fetchColumns() {
    const hashes = Object.keys(note.sizes);
    const small = hashes.filter((hash) => note.sizes[hash] <= BATCH_BYTES);
    const large = hashes.filter((hash) => note.sizes[hash] > BATCH_BYTES);
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

  function rootElement(id) {
    const element = document.createElement("div");
    element.dataset.rootId = id;
    element.style.display = "contents";
    document.body.append(element);
    return element;
  }

  // Only the height is told to the page around: it may be anybody's.
  function reportHeight() {
    const bottoms = [...document.body.children].flatMap((root) =>
      [...root.children].map((child) => child.getBoundingClientRect().bottom + window.scrollY),
    );
    const height = Math.ceil(Math.max(0, ...bottoms));
    parent.postMessage({ type: "bokeh-cloud:height", height }, "*");
  }

  function fail(error) {
    console.error(error);
    const message = document.createElement("p");
    message.className = "failure";
    message.setAttribute("role", "alert");
    message.textContent = `This plot could not be shown: ${error.message ?? error}. Reload the page to try again.`;
    document.body.prepend(message);
    document.documentElement.dataset.state = "failed";
  }

  const loaded = Promise.all([fetchScene(), fetchColumns()]);
  loaded.catch(() => {}); // `show` reports it, once there is a body to write to

  async function show() {
    const [scene, columns] = await loaded;
    const assembler = new Assembler(columns);
    const json = assembler.assemble(scene);
    const { Document } = Bokeh.require("document");
    const doc = Document.from_json(json, [], assembler.buffers);
    const idle = new Promise((resolve) => (doc.is_idle ? resolve() : doc.idle.connect(() => resolve())));
    const elements = doc.roots().map((root) => rootElement(root.id));
    await Bokeh.embed.add_document_standalone(doc, document.body, elements);
    Bokeh.documents.push(doc);
    await idle;
    performance.mark("bokeh-cloud:ready");
    document.documentElement.dataset.state = "ready";
    reportHeight();
    const observer = new ResizeObserver(reportHeight);
    for (const element of elements) for (const child of element.children) observer.observe(child);
  }

  document.addEventListener("DOMContentLoaded", () => show().catch(fail));
})();
