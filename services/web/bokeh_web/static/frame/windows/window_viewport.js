// The viewport of windowed columns: the x range, and its width in pixels.

export const DEFAULT_WIDTH = 600; // of Bokeh figures

/** The viewport of figures that share a range of x. */
export class FigureViewport {
  /**
   * @param {BokehJS.Range} range of x
   * @param {BokehJS.Figure[]} figures
   */
  constructor(range, figures) {
    this.range = range;
    this.figures = figures;
  }

  /** @returns {import("./window.js").Viewport} */
  read() {
    const [low, high] = [this.range.start, this.range.end].sort((a, b) => a - b);
    const widths = this.figures.map((figure) => figure.inner_width || figure.width || DEFAULT_WIDTH);
    return { low, high, pixels: Math.ceil(Math.max(...widths) * devicePixelRatio) };
  }

  /** @param {() => void} changed */
  onChange(changed) {
    this.range.change.connect(changed);
    for (const figure of this.figures) figure.properties.inner_width?.change.connect(changed);
  }
}

/**
 * Return the viewport of the figures of a plan.
 * @param {BokehJS.Document} document
 * @param {import("./window_planner.js").Plan} plan
 */
export function viewportOf(document, { range, uses }) {
  const model = (/** @type {string} */ id) => document.get_model_by_id(id);
  const figures = new Set(uses.map(({ figure }) => model(figure.id)));
  return new FigureViewport(
    /** @type {BokehJS.Range} */ (model(range.id)),
    /** @type {BokehJS.Figure[]} */ ([...figures]),
  );
}
