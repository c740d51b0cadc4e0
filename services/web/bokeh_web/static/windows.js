// Long columns are drawn from windows of them: what a figure as wide as this one can show of the range that is
// seen. When that range changes, another window is asked for; the old picture stays until it is there.
"use strict";
(() => {
  const DEBOUNCE = 80; // milliseconds
  const AT_ONCE = 40; // columns in one request, whose address has a hash for each
  const MAX_PIXELS = 16384; // that the server takes
  const MARGIN = 0.5; // of the range that is seen, on both sides, so that there is something to pan to
  const FINER = 2; // times a first window, as it is not known yet where in the range the screen's pixels begin
  const DEFAULT_WIDTH = 600; // of Bokeh's figures

  const ARRAYS = {
    uint8: Uint8Array, int8: Int8Array, uint16: Uint16Array, int16: Int16Array,
    uint32: Uint32Array, int32: Int32Array, float32: Float32Array, float64: Float64Array,
  };

  // A reason for which columns cannot be drawn from windows, and have to be loaded whole.
  class Unsuited extends Error {}

  // Asks the server; the answers are arrays by hash, and what kind of rows they are.
  class Asker {
    constructor({ request, unpack, address }) {
      Object.assign(this, { request, unpack, address });
    }

    async ask(group, { from, to, pixels, method = "m4" }, signal) {
      const ys = [...new Set(group.columns.map(({ hash }) => hash))].filter((hash) => hash !== group.x);
      if (!ys.length) ys.push(group.x);
      const parts = [];
      for (let i = 0; i < ys.length; i += AT_ONCE) {
        const query = new URLSearchParams({ x: group.x, y: ys.slice(i, i + AT_ONCE).join(","), pixels, method, around: 1 });
        if (from !== undefined) query.set("from", from);
        if (to !== undefined) query.set("to", to);
        parts.push(this.request(`${this.address}/window?${query}`, { signal }));
      }
      const answers = await Promise.all(parts.map(async (part) => this.unpack(await (await part).arrayBuffer())));
      const arrays = new Map(answers.flatMap(({ value, buffers }) => this.arraysOf(value.columns, buffers)));
      return { kind: answers[0].value.kind, arrays };
    }

    // What is drawn stays. A token that has expired is renewed by loading the frame anew, with the same zoom.
    failed(error) {
      if (error.status === 401) self.bokehCloud.renew();
      else console.warn("The plot keeps the detail that it has:", error);
    }

    arraysOf(columns, buffers) {
      return Object.entries(columns).map(([hash, { array, dtype }]) => {
        const kind = dtype === "bool" ? Uint8Array : ARRAYS[dtype];
        if (!kind) throw new Unsuited(`a column of ${dtype}`);
        return [hash, new kind(buffers[array.data.id])];
      });
    }
  }

  // Least and greatest of x and y over the rows of a window in which both are numbers; of no rows, `lo > hi`.
  function extentOf(x, ys) {
    const found = { x: [Infinity, -Infinity], y: [Infinity, -Infinity] };
    const widen = (ends, value) => {
      if (value < ends[0]) ends[0] = value;
      if (value > ends[1]) ends[1] = value;
    };
    for (const y of ys)
      for (let i = 0; i < y.length; i++) {
        if (Number.isNaN(y[i])) continue;
        if (!Number.isFinite(y[i]) || !Number.isFinite(x[i])) throw new Unsuited("there are infinities");
        widen(found.x, x[i]);
        widen(found.y, y[i]);
      }
    return found;
  }

  // Unseen, it keeps ranges that follow their data as wide as all of these, whatever window is drawn.
  function anchor(id, { y_range_name, extent }) {
    const object = (name, suffix, attributes) => ({ type: "object", name, id: `${id}-${suffix}`, attributes });
    const entries = Object.entries(extent);
    const field = (name) => ({ type: "field", field: name });
    return object("GlyphRenderer", "renderer", {
      data_source: object("ColumnDataSource", "source", { data: { type: "map", entries } }),
      glyph: object("Scatter", "glyph", { x: field("x"), y: field("y") }),
      view: object("CDSView", "view", { filter: object("AllIndices", "filter", {}) }),
      y_range_name,
      visible: false,
    });
  }

  const isStretched = (value) =>
    value !== null && typeof value === "object" && ("sizing_mode" in value || Object.values(value).some(isStretched));

  // A group of columns of one source, drawn in figures with one x range; see `plan.js`.
  class Group {
    constructor(plan, number, asker) {
      Object.assign(this, plan);
      this.id = `bokeh-cloud-${number}`;
      this.asker = asker;
      this.timer = 0;
    }

    get x() {
      return this.columns[0].hash;
    }

    get followsX() {
      return this.range.name === "DataRange1d";
    }

    // Ask for the first window, with which the scene is drawn; `Unsuited` where that is not possible.
    async open(pixels) {
      const { start, end } = this.range.attributes ?? {};
      const ends = [start, end].every(Number.isFinite) && !this.followsX ? [start, end].sort((a, b) => a - b) : null;
      const first = ends ? this.read({ from: ends[0], to: ends[1], pixels }) : null;
      await this.measure(pixels);
      this.now = first ? await first : this.home;
    }

    async read(asked, signal) {
      return this.taken(asked, await this.asker.ask(this, asked, signal));
    }

    // Ask for a window of all rows. Where x ranges do not follow the data, only least and greatest count.
    async measure(pixels) {
      const all = await this.read(this.followsX ? { pixels } : { pixels: 1, method: "minmax" });
      const hashes = new Map(this.columns.map(({ name, hash }) => [name, hash]));
      const arrayOf = (name) => all.arrays.get(hashes.get(name));
      for (const use of this.uses) use.extent = extentOf(arrayOf(use.x), use.ys.map(arrayOf));
      this.home = this.followsX ? all : null;
    }

    taken({ from, to, pixels }, { kind, arrays }) {
      if (kind === "sampled") throw new Unsuited("x does not ascend");
      const x = arrays.get(this.x);
      const [low, high] = [from ?? x[0], to ?? x[x.length - 1]];
      const ends = { low: from ?? -Infinity, high: to ?? Infinity };
      return { ...ends, arrays, density: kind === "exact" ? Infinity : pixels / (high - low) };
    }

    // Put the window into the scene in place of the columns. `leaf` makes a buffer one of the scene's; `separate`:
    // the source has other figures already.
    draw(leaf, separate) {
      const copies = this.copies(this.now.arrays);
      const entries = [...copies].map(([name, array]) => {
        const dtype = Object.keys(ARRAYS).find((key) => ARRAYS[key] === array.constructor);
        return [name, { type: "ndarray", array: leaf(array.buffer), dtype, shape: [array.length], order: "little" }];
      });
      if (separate) this.source = { type: "object", name: "ColumnDataSource", id: `${this.id}-source`, attributes: {} };
      this.source.attributes.data = { type: "map", entries };
      if (separate) for (const { renderer } of this.uses) renderer.attributes.data_source = { id: this.source.id };
      if (separate) this.uses[0].renderer.attributes.data_source = this.source;
      this.uses.forEach((use, i) => {
        if (use.extent.x[0] <= use.extent.x[1]) use.figure.attributes.renderers.push(anchor(`${this.id}-${i}`, use));
      });
    }

    // BokehJS takes arrays as they are, and each column needs one of its own.
    copies(arrays) {
      return new Map(this.columns.map(({ name, hash }) => [name, arrays.get(hash).slice()]));
    }

    follow(doc) {
      const model = (id) => doc.get_model_by_id(id);
      this.model = model(this.source.id);
      this.x_range = model(this.range.id);
      this.figures = [...new Set(this.uses.map(({ figure }) => model(figure.id)))];
      const changed = () => {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.look(), DEBOUNCE);
      };
      this.x_range.change.connect(changed);
      for (const figure of this.figures) figure.properties.inner_width?.change.connect(changed);
      changed();
    }

    // What is seen: the ends of the range, and its pixels.
    get seen() {
      const [low, high] = [this.x_range.start, this.x_range.end].sort((a, b) => a - b);
      const widths = this.figures.map((figure) => figure.inner_width || figure.width || DEFAULT_WIDTH);
      return { low, high, pixels: Math.ceil(Math.max(...widths) * devicePixelRatio) };
    }

    shows(window, { low, high, pixels }) {
      return window && window.low <= low && high <= window.high && window.density * (high - low) > pixels * 0.99;
    }

    async look() {
      const seen = this.seen;
      if (!(seen.low < seen.high) || !Number.isFinite(seen.high - seen.low) || this.shows(this.now, seen)) return;
      this.asking?.abort();
      if (this.shows(this.home, seen)) return this.show(this.home);
      this.asking = new AbortController();
      const { signal } = this.asking;
      try {
        const window = await this.read(this.around(seen), signal);
        if (!signal.aborted) this.show(window);
      } catch (error) {
        if (!signal.aborted) this.asker.failed(error);
      }
    }

    around({ low, high, pixels }) {
      const margin = (high - low) * MARGIN;
      return { from: low - margin, to: high + margin, pixels: Math.min(Math.ceil(pixels * (1 + 2 * MARGIN)), MAX_PIXELS) };
    }

    show(window) {
      this.now = window;
      this.model.data = Object.fromEntries(this.copies(window.arrays));
    }

    // Draw other columns: those of a live source that has changed. `entries`: of the new scene.
    async renew(doc, entries) {
      const found = new Map(entries);
      const columns = this.columns.map(({ name }) => ({ name, hash: found.get(name)?.array?.data?.id }));
      if (!columns.every(({ hash }) => typeof hash === "string")) throw new Unsuited("other columns are there now");
      if (columns.every(({ hash }, i) => hash === this.columns[i].hash)) return;
      this.asking?.abort();
      const atHome = this.now === this.home;
      this.columns = columns;
      this.now = null;
      await this.measure(Math.min(this.seen.pixels * FINER, MAX_PIXELS));
      this.uses.forEach(({ extent }, i) => {
        const source = doc.get_model_by_id(`${this.id}-${i}-source`);
        if (source) source.data = extent;
      });
      if (atHome && this.home) this.show(this.home);
      await this.look();
    }
  }

  // Asks for the first windows of a scene, and puts them into it; its other columns have to be loaded.
  async function open(scene, { note, request, unpack, leaf }) {
    const asker = new Asker({ request, unpack, address: note.columns });
    const groups = self.bokehCloudPlan(scene, note.refine).map((plan, i) => new Group(plan, i, asker));
    const stretched = isStretched(scene.roots);
    const opened = await Promise.all(
      groups.map(async (group) => {
        const widths = group.uses.map(({ figure }) => figure.attributes.width ?? DEFAULT_WIDTH);
        const pixels = Math.ceil(Math.max(...widths, stretched ? innerWidth : 0) * devicePixelRatio * FINER);
        try {
          await group.open(Math.min(pixels, MAX_PIXELS));
          return group;
        } catch (error) {
          if (!(error instanceof Unsuited) && error.status !== 422) throw error;
          return null; // it is loaded whole
        }
      }),
    );
    const whole = new Set(groups.filter((_, i) => !opened[i]).map(({ source }) => source));
    const used = opened.filter((group) => group && !whole.has(group.source));
    const sources = new Map();
    for (const group of used) {
      const before = sources.get(group.source.id);
      sources.set(group.source.id, [...(before ?? []), group]);
      group.draw(leaf, Boolean(before));
    }
    return { follow: (doc) => follow(doc, sources) };
  }

  function follow(doc, sources) {
    for (const group of [...sources.values()].flat()) group.follow(doc);
    const { reloaders, renew } = self.bokehCloud; // the first of `live.js`, where that is there
    const reload = (groups) => async (entries) => {
      try {
        await Promise.all(groups.map((group) => group.renew(doc, entries)));
      } catch (error) {
        if (!(error instanceof Unsuited)) throw error;
        await renew();
      }
    };
    for (const [id, groups] of sources) reloaders?.set(id, reload(groups));
  }

  self.bokehCloudWindows = open;
})();
