// The view of a plot: the ranges of its figures, which the parent page keeps in its URL.

import { formatView, parseView } from "../../common/view_codec.js";

/** @typedef {import("../../common/view_codec.js").Ends} Ends */

const DEBOUNCE = 250; // milliseconds
const FRAMES = 4; // until ranges have followed new data

/**
 * Tell whether a model is a figure.
 * @param {BokehJS.Model} model
 * @returns {model is BokehJS.Figure}
 */
export const isFigure = (model) =>
  ["x_range", "y_range", "renderers"].every((name) => name in model.properties);

/**
 * Set the ends of a range as a user would.
 * @param {BokehJS.Range} range
 * @param {number} start
 * @param {number} end
 */
function setRange(range, start, end) {
  if (!Number.isFinite(start) || !Number.isFinite(end) || start === end) return;
  // A range that follows the data would undo the change.
  if ("have_updated_interactively" in range) range.have_updated_interactively = true;
  range.setv({ start, end });
}

/**
 * Tell whether a range follows the data: it does, until a user changes it.
 * @param {BokehJS.Range} range
 */
const isFollowing = (range) => "have_updated_interactively" in range && !range.have_updated_interactively;

/**
 * The ranges of all figures, in the order of the document, since ids of models change from version to
 * version.
 */
export class ViewState {
  /**
   * @param {BokehJS.Document} document
   * @param {import("../page_channel.js").PageChannel} channel
   */
  constructor(document, channel) {
    const models = document.roots().flatMap((root) => [...root.references()]);
    this.figures = [...new Set(models)].filter(isFigure);
    this.channel = channel;
    this.home = this.view;
    this.frames = 0; // until ranges have followed the last change of the data
    this.#reportChanges();
  }

  #reportChanges() {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const changed = () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.report(), DEBOUNCE);
    };
    for (const { x_range, y_range } of this.figures)
      for (const range of [x_range, y_range]) range.change.connect(changed);
  }

  /** The current ranges. */
  get view() {
    return formatView(
      this.figures.map(({ x_range, y_range }) => [x_range.start, x_range.end, y_range.start, y_range.end]),
    );
  }

  /** The view, or "" if it is the initial one, or its ranges are just following new data. */
  get zoom() {
    const { view } = this;
    const isHome = view === this.home || (this.frames > 0 && this.#fixed(view) === this.#fixed(this.home));
    return isHome ? "" : view;
  }

  /**
   * Return a view without the ranges that follow the data.
   * @param {string} view
   */
  #fixed(view) {
    const figures = parseView(view, this.figures.length) ?? [];
    return JSON.stringify(
      figures.map(([x0, x1, y0, y1], i) => {
        const { x_range, y_range } = this.figures[i];
        return [isFollowing(x_range) ? null : [x0, x1], isFollowing(y_range) ? null : [y0, y1]];
      }),
    );
  }

  /** Report the view to the parent page. */
  report() {
    this.channel.send("view", { view: this.zoom });
  }

  /**
   * Apply a view; "" is the initial one.
   * @param {string} view
   */
  apply(view) {
    parseView(view || this.home, this.figures.length)?.forEach(([x0, x1, y0, y1], i) => {
      const { x_range, y_range } = this.figures[i];
      setRange(x_range, x0, x1);
      setRange(y_range, y0, y1);
    });
  }

  /**
   * Change data. If ranges follow the data, that does not count as a change of the view.
   * @param {() => Promise<void>} change
   */
  async whileFollowing(change) {
    const untouched = !this.zoom;
    await change();
    if (!untouched) return;
    const isSettling = this.frames > 0;
    this.frames = FRAMES;
    if (!isSettling) this.#settle().catch(console.warn);
  }

  // The ranges follow the data when they are drawn. The next change need not wait for that.
  async #settle() {
    for (; this.frames > 1; this.frames--) await new Promise(requestAnimationFrame);
    if (!this.zoom) this.home = this.view;
    this.frames = 0;
  }
}
