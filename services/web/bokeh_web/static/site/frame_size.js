// The size of a frame: that of its plot, scaled down if it is wider than the page.

const [MIN, MAX] = [120, 20000]; // pixels

/**
 * Tell whether a reported height is acceptable.
 * @param {unknown} height in pixels
 * @returns {height is number}
 */
export const isHeight = (height) => typeof height === "number" && height >= MIN && height <= MAX;

/**
 * Return the width that a frame reported; null if its plot takes the width that it gets.
 * @param {unknown} width in pixels
 */
const widthOf = (width) => (typeof width === "number" && width > 0 && width <= MAX ? width : null);

/**
 * Return the factor by which a frame is scaled so that it fits.
 * @param {number | null} width of the frame
 * @param {number} available width
 */
export const scaleOf = (width, available) => (width && available > 0 ? Math.min(1, available / width) : 1);

/** Gives a frame the size of its plot once; then the frame only grows: sizes could depend on each other. */
export class FrameSize {
  /**
   * @param {HTMLElement} frame
   * @param {HTMLElement} place whose width is available
   */
  constructor(frame, place) {
    this.frame = frame;
    this.place = place;
    this.height = 0;
    /** @type {number | null} */
    this.width = null;
    new ResizeObserver(() => this.#apply()).observe(place);
  }

  /**
   * Apply a report of the frame, which is untrusted.
   * @param {import("../common/messages.js").Message} message
   */
  report({ height, width }) {
    if (isHeight(height)) this.height = Math.max(this.height, height);
    const reported = widthOf(width);
    this.width = reported && Math.max(this.width ?? 0, reported);
    this.#apply();
  }

  #apply() {
    const { frame, place, height, width } = this;
    if (!height) return;
    const style = getComputedStyle(place);
    const available =
      place.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight);
    const scale = scaleOf(width, available);
    const isScaled = width !== null && scale < 1;
    // A transformed element keeps its place; negative margins give the rest of it away.
    Object.assign(frame.style, {
      flex: width ? "none" : "",
      width: width ? `${width}px` : "100%",
      height: `${height}px`,
      transform: isScaled ? `scale(${scale})` : "",
      transformOrigin: "0 0",
      marginRight: isScaled ? `${(scale - 1) * width}px` : "",
      marginBottom: isScaled ? `${(scale - 1) * height}px` : "",
    });
  }
}
