// Columns of one source that are drawn from windows, in figures that share an x range.

import { endsOf } from "./figures.js";
import {
  covers,
  extentOf,
  isRequestable,
  oversample,
  queryFor,
  WindowsImpossible,
  windowOf,
} from "./window.js";
import { extentRenderer, extentSourceId, fillSource, separateSource } from "./window_scene.js";
import { DEFAULT_WIDTH } from "./window_viewport.js";

/** @typedef {import("../scene/column_codec.js").NumberArray} NumberArray */
/** @typedef {import("./window.js").Window} Window */
/** @typedef {import("./window.js").WindowQuery} WindowQuery */
/** @typedef {import("./window_planner.js").Plan} Plan */
/** @typedef {import("./window_scene.js").Extents} Extents */

const DEBOUNCE = 80; // milliseconds
const REFRESH = 150; // milliseconds; windows that show the end of a live source are requested no more often

/** Requests a window whenever the viewport changes, and draws it when it has arrived. */
export class WindowedColumns {
  /**
   * @param {Plan} plan
   * @param {string} id prefix of the ids of models that are added to the document
   * @param {import("./window_requests.js").WindowRequests} requests
   */
  constructor(plan, id, requests) {
    this.plan = plan;
    this.id = id;
    this.requests = requests;
    /** @type {Extents[]} of each use, over all rows */
    this.extents = [];
    /** @type {Window | null} the window that is drawn */
    this.current = null;
    /** @type {Window | null} all rows; only if the x range follows the data */
    this.full = null;
    /** @type {import("./window_viewport.js").FigureViewport | null} once there is a document */
    this.viewport = null;
    /** @type {(error: unknown) => void} */
    this.onError = console.warn;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.refreshTimer = undefined;
    /** @type {AbortController | undefined} */
    this.pending = undefined;
  }

  get followsX() {
    return this.plan.range.name === "DataRange1d";
  }

  /**
   * Request the first window, with which the scene is rendered.
   * @throws {WindowsImpossible} if the columns have to be loaded whole
   * @param {number} pixels
   */
  async open(pixels) {
    const [first] = await Promise.all([this.#readBetweenEnds(pixels), this.#measure(pixels)]);
    this.current = first ?? this.full;
  }

  /**
   * Request the window between the ends of x; null if x follows the data.
   * @param {number} pixels
   */
  async #readBetweenEnds(pixels) {
    if (this.followsX) return null;
    const ends = endsOf(this.plan.range);
    if (!ends) throw new WindowsImpossible("the ends of the range are not known");
    return this.#read({ from: ends[0], to: ends[1], pixels });
  }

  /**
   * @param {WindowQuery} query
   * @param {AbortSignal} [signal]
   */
  async #read(query, signal) {
    const { columns } = this.plan; // of a live source, others may be there when the response arrives
    const hashes = columns.map(({ hash }) => hash);
    const { kind, arrays } = await this.requests.fetch(hashes[0], hashes, query, signal);
    const named = new Map(
      columns.map(({ name, hash }) => [name, /** @type {NumberArray} */ (arrays.get(hash))]),
    );
    return windowOf(query, { kind, arrays: named }, columns[0].name);
  }

  /**
   * Request a window of all rows. If the x range does not follow the data, only their extent is needed.
   * @param {number} pixels
   */
  async #measure(pixels) {
    const all = await this.#read({ pixels: this.followsX ? pixels : 1 });
    const arrayOf = (/** @type {string} */ name) => all.arrays.get(name) ?? [];
    this.extents = this.plan.uses.map(({ x, ys, isLogarithmic }) => {
      const extents = extentOf(arrayOf(x), ys.map(arrayOf));
      if (isLogarithmic && extents.y[0] <= 0)
        throw new WindowsImpossible("there are values without a logarithm");
      return extents;
    });
    this.full = this.followsX ? all : null;
  }

  /**
   * Put the first window into the scene in place of the columns.
   * @param {(buffer: ArrayBuffer) => object} refer makes a buffer one of the scene's
   * @param {boolean} separate whether other figures use the source of the scene already
   */
  draw(refer, separate) {
    if (separate) separateSource(this.plan, `${this.id}-source`);
    fillSource(this.plan, this.#copies(/** @type {Window} */ (this.current)), refer);
    this.plan.uses.forEach(({ figure, yRangeName }, i) => {
      const extents = this.extents[i];
      if (extents.x[0] <= extents.x[1])
        figure.attributes.renderers.push(extentRenderer(this.id, i, yRangeName, extents));
    });
  }

  /**
   * Return copies of the columns of a window by name: BokehJS does not copy arrays, and each column needs its
   * own.
   * @param {Window} window
   */
  #copies({ arrays }) {
    return new Map([...arrays].map(([name, array]) => [name, array.slice()]));
  }

  /**
   * Request other windows when the viewport changes.
   * @param {BokehJS.Document} document
   * @param {import("./window_viewport.js").FigureViewport} viewport
   * @param {(error: unknown) => void} onError called when a request fails; the plot stays as it is
   */
  follow(document, viewport, onError) {
    this.document = document;
    this.viewport = viewport;
    this.onError = onError;
    const update = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#update(), DEBOUNCE);
    };
    viewport.onChange(update);
    update();
  }

  async #update() {
    const viewport = this.viewport?.read();
    if (!viewport || !isRequestable(viewport) || covers(this.current, viewport)) return;
    this.pending?.abort();
    if (this.full && covers(this.full, viewport)) return this.#show(this.full);
    this.pending = new AbortController();
    const { signal } = this.pending;
    try {
      const window = await this.#read(queryFor(viewport), signal);
      if (!signal.aborted) this.#show(window);
    } catch (error) {
      if (!signal.aborted) this.onError(error);
    }
  }

  /** @param {Window} window */
  #show(window) {
    this.current = window;
    this.#setData(this.plan.source.id, Object.fromEntries(this.#copies(window)));
  }

  /**
   * @param {string} id of a source
   * @param {Record<string, ArrayLike<number>>} data
   */
  #setData(id, data) {
    const source = /** @type {BokehJS.ColumnDataSource | null} */ (
      this.document?.get_model_by_id(id) ?? null
    );
    if (source) source.data = data;
  }

  /**
   * Draw the new columns of a live source.
   * @param {import("../scene/scene.js").Entries} entries of the source in the new scene
   */
  async replaceColumns(entries) {
    const columns = this.#columnsIn(entries);
    if (columns.every(({ hash }, i) => hash === this.plan.columns[i].hash)) return;
    this.plan.columns = columns;
    await this.#reload();
  }

  /**
   * @param {import("../scene/scene.js").Entries} entries of the source in the new scene
   * @returns {import("./window_planner.js").Column[]}
   */
  #columnsIn(entries) {
    const found = new Map(entries);
    const columns = this.plan.columns.map(({ name }) => ({ name, hash: found.get(name)?.array?.data?.id }));
    if (!columns.every(({ hash }) => typeof hash === "string"))
      throw new WindowsImpossible("other columns are there now");
    return columns;
  }

  /**
   * Follow rows that were appended to a live source: a window that shows the end is requested again soon.
   * @param {import("../scene/scene.js").Entries} entries of the source in the new scene
   * @param {(name: string) => ArrayLike<number>} appended returns the new rows of a column
   * @param {(error: unknown) => void} onFailure
   */
  appendRows(entries, appended, onFailure) {
    const { columns } = this.plan;
    this.plan.columns = this.#columnsIn(entries);
    if (this.#showsEnd()) {
      this.refreshTimer ??= setTimeout(() => {
        this.refreshTimer = undefined;
        this.#reload().catch(onFailure);
      }, REFRESH);
      return;
    }
    const x = this.current?.arrays.get(columns[0].name) ?? [];
    this.full = null;
    if (this.current) this.current = { ...this.current, high: Math.min(this.current.high, x[x.length - 1]) };
    this.plan.uses.forEach((use, i) => {
      const { x: [low, high], y } = extentOf(appended(use.x), use.ys.map(appended)); // biome-ignore format: short
      const known = this.extents[i];
      known.x = [Math.min(known.x[0], low), Math.max(known.x[1], high)];
      known.y = [Math.min(known.y[0], y[0]), Math.max(known.y[1], y[1])];
      this.#setData(extentSourceId(this.id, i), { x: [...known.x], y: [...known.y] });
    });
  }

  /** Tell whether the end of the rows is within the viewport. */
  #showsEnd() {
    const last = Math.max(...this.extents.map(({ x }) => x[1]));
    return !this.viewport || !(this.viewport.read().high < last);
  }

  /** Request the windows of new columns. */
  async #reload() {
    this.pending?.abort();
    const showsAll = this.current === this.full;
    this.current = null;
    await this.#measure(oversample(this.viewport?.read().pixels ?? DEFAULT_WIDTH));
    this.extents.forEach((extents, i) => {
      this.#setData(extentSourceId(this.id, i), extents);
    });
    if (showsAll && this.full) this.#show(this.full);
    await this.#update();
  }
}
