// Encodes a view, the ranges of each figure, as "x0,x1,y0,y1;..." for the fragment of a URL (`#view=`).

/** @typedef {[number, number, number, number]} Ends the ends of x and y of a figure */

const DIGITS = 9;
const MAX_LENGTH = 2000; // characters

/**
 * Encode a view.
 * @param {Ends[]} figures
 */
export function formatView(figures) {
  const round = (/** @type {number} */ value) => Number(Number(value).toPrecision(DIGITS));
  return figures.map((ends) => ends.map(round).join(",")).join(";");
}

/**
 * Decode a view, or return null if it has another number of figures. Ends may be NaN.
 * @param {string} text
 * @param {number} count of figures
 */
export function parseView(text, count) {
  const figures = text.split(";").map((part) => part.split(",").map(Number));
  if (figures.length !== count || figures.some((ends) => ends.length !== 4)) return null;
  return /** @type {Ends[]} */ (figures);
}

/**
 * Tell whether a value looks like an encoded view and is safe to put into a URL.
 * @param {unknown} value
 * @returns {value is string}
 */
export function isView(value) {
  return typeof value === "string" && value.length <= MAX_LENGTH && /^[\d.e+,;-]*$/.test(value);
}

/**
 * Return the view in the fragment of a URL.
 * @param {string} fragment with its "#"
 */
export const viewOfFragment = (fragment) => new URLSearchParams(fragment.slice(1)).get("view");

/**
 * Return the fragment of a URL for a view.
 * @param {string} view
 */
export const fragmentOfView = (view) => (view ? `#view=${view}` : "");
