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

  const isFigure = ({ properties }) => ["x_range", "y_range", "renderers"].every((name) => name in properties);

  // What is seen of each figure, in the order of the document: "x0,x1,y0,y1;...". A model's id would be another
  // one in the next version.
  class Looker {
    constructor(doc) {
      const models = doc.roots().flatMap((root) => [...root.references()]);
      this.figures = [...new Set(models)].filter(isFigure);
      this.home = this.view;
      this.timer = 0;
      const told = () => tell("view", { view: this.view === this.home ? "" : this.view });
      for (const range of this.figures.flatMap((figure) => [figure.x_range, figure.y_range]))
        range.change.connect(() => {
          clearTimeout(this.timer);
          this.timer = setTimeout(told, 250);
        });
    }

    // What changes by itself, as ranges that follow the data do, is no zoom to keep.
    async following(change) {
      const untouched = this.view === this.home;
      await change();
      if (!untouched) return;
      for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame); // by then ranges have followed
      this.home = this.view;
    }

    get view() {
      const ends = ({ start, end }) => [start, end].map((value) => Number(Number(value).toPrecision(9)));
      return this.figures.map(({ x_range, y_range }) => [...ends(x_range), ...ends(y_range)].join(",")).join(";");
    }

    look(view) {
      const wanted = (view || this.home).split(";").map((part) => part.split(",").map(Number));
      if (wanted.length !== this.figures.length || wanted.some((ends) => ends.length !== 4)) return;
      wanted.forEach((ends, i) => this.set(this.figures[i], ends));
    }

    set({ x_range, y_range }, [x0, x1, y0, y1]) {
      for (const [range, start, end] of [[x_range, x0, x1], [y_range, y0, y1]])
        if (Number.isFinite(start) && Number.isFinite(end) && start !== end) {
          if ("have_updated_interactively" in range) range.have_updated_interactively = true; // else data sets it
          range.setv({ start, end });
        }
    }
  }

  // For who does not see it: what a screen reader says of a root instead of nothing.
  function describe(element, root) {
    const figures = [...root.references()].filter(isFigure);
    const parts = figures.map((figure) => {
      const labels = [...(figure.below ?? []), ...(figure.left ?? [])].map((axis) => axis.axis_label);
      const series = (figure.renderers ?? []).filter((one) => one.glyph && !one.id.startsWith("bokeh-cloud-")).length;
      const text = typeof figure.title === "string" ? figure.title : figure.title?.text;
      return [text, ...labels, series && `${series} series`].filter((p) => p && typeof p !== "object").join(", ");
    });
    element.setAttribute("role", "figure");
    element.setAttribute("aria-label", [note.title, ...parts.filter(Boolean)].join("; ").slice(0, 1000));
  }

  const THUMBNAIL = [640, 400]; // pixels

  async function drawn(views, kind) {
    if (kind === "svg") {
      const blob = await views[0].export("svg", false).to_blob();
      return blob.text();
    }
    const layers = views.map((view) => view.export("png", true).canvas).filter((c) => c.width && c.height);
    const width = Math.max(...layers.map((layer) => layer.width));
    const height = layers.reduce((sum, layer) => sum + layer.height, 0);
    const scale = kind === "thumbnail" ? Math.min(1, THUMBNAIL[0] / width, THUMBNAIL[1] / height) : 1;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    let top = 0;
    for (const layer of layers) {
      context.drawImage(layer, 0, top, layer.width * scale, layer.height * scale);
      top += layer.height * scale;
    }
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    return blob.arrayBuffer();
  }

  function listen(looker, views) {
    const ready = () => tell("ready");
    const answers = {
      "bokeh-cloud:hello": ready,
      "bokeh-cloud:host": () => (cloud.hosted = true),
      "bokeh-cloud:look": ({ view }) => looker.look(String(view)),
      "bokeh-cloud:draw": ({ kind }) =>
        drawn(views, kind).then(
          (data) => tell("picture", { kind, data }, location.origin, data instanceof ArrayBuffer ? [data] : []),
          () => tell("undrawn", { kind }),
        ),
    };
    window.addEventListener("message", (event) => {
      if (event.source === parent && event.origin === location.origin && Object.hasOwn(answers, event.data?.type))
        answers[event.data.type](event.data);
    });
    const start = new URLSearchParams(location.hash.slice(1)).get("view"); // of a page that embeds the frame
    if (start) looker.look(start);
    ready();
  }

  // A list in older versions of BokehJS, and a collection that can be gone through in newer ones.
  const rootViews = (doc, views) => [...views].filter((view) => doc.roots().includes(view.model) && view.export);

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

  // Of long columns, what the figures can show of them is enough; the scene has to say first which these are.
  async function loadWindows() {
    const scene = await fetchScene();
    const buffers = new Map();
    const leaf = (buffer) => {
      const id = `window-${buffers.size}`;
      buffers.set(id, buffer);
      return { type: "bytes", data: { id } };
    };
    windows = await self.bokehCloudWindows(scene, { note, request, unpack, leaf });
    const whole = [...columnsOf(scene)].filter((hash) => hash in note.sizes);
    return [scene, new Map([...(await fetchColumns(whole)), ...buffers])];
  }

  const loadWhole = () =>
    Promise.all([fetchScene(), note.inline ? inlineColumns() : fetchColumns(Object.keys(note.sizes))]);

  // Live data may have gone on since this page was made; then the scene names columns that it did not know of.
  async function load() {
    const [scene, columns] = await (note.refine ? loadWindows() : loadWhole());
    const late = [...columnsOf(scene)].filter((hash) => !columns.has(hash));
    for (const [hash, data] of late.length ? await fetchBatch(late) : []) columns.set(hash, data);
    return [scene, columns];
  }

  let windows = null;
  const loaded = load();
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
    doc.roots().forEach((root, i) => describe(elements[i], root));
    const views = await Bokeh.embed.add_document_standalone(doc, document.body, elements);
    Bokeh.documents.push(doc);
    await idle;
    windows?.follow(doc);
    performance.mark("bokeh-cloud:ready");
    document.documentElement.dataset.state = "ready";
    reportHeight();
    const observer = new ResizeObserver(reportHeight);
    for (const child of children()) observer.observe(child);
    const looker = new Looker(doc);
    listen(looker, rootViews(doc, views));
    return { doc, looker };
  }

  // For the scripts beside this one, which change what is shown.
  const cloud = { note, request, fetchScene, fetchBatch, columnsOf, Assembler, tell, loaded, hosted: false };
  cloud.shown = new Promise((resolve, reject) => {
    document.addEventListener("DOMContentLoaded", () => show().then(resolve, reject));
  });
  cloud.shown.catch(fail);
  window.bokehCloud = cloud;
})();
