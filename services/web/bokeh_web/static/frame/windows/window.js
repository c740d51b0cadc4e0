// Arithmetic of windows: what a window covers, and which one to request for a viewport.

import { statusOf } from "../scene/requests.js";

/** @typedef {import("../scene/column_codec.js").NumberArray} NumberArray */
/** @typedef {{ low: number, high: number, pixels: number }} Viewport */
/**
 * @typedef {object} WindowQuery
 * @property {number} [from] lower end of x; without ends, all rows
 * @property {number} [to] upper end of x
 * @property {number} pixels for each of which the server makes a bin
 */
/** @typedef {{ kind: string, arrays: Map<string, NumberArray> }} WindowRows a response; arrays by hash */
/** @typedef {[number, number]} Extent minimum and maximum; reversed if there are no rows */

/**
 * @typedef {object} Window
 * @property {number} low lower end of x
 * @property {number} high upper end of x
 * @property {number} density bins for each unit of x; infinite if the window has all rows
 * @property {Map<string, NumberArray>} arrays by hash
 */

export const MAX_PIXELS = 16384; // the server's limit
const MARGIN = 0.5; // of the viewport's width, added on both sides for panning
const OVERSAMPLING = 2; // bins for each pixel, so that lines have the same shades as with all rows
const FIRST_OVERSAMPLING = 3; // of first windows, which have no margin
const MAX_VIEWPORT_BINS = MAX_PIXELS / (1 + 2 * MARGIN);
const TOLERANCE = 0.99; // of density, for rounded ends of ranges

const NOT_ACCEPTED = [400, 413, 414, 422, 431]; // statuses of requests for windows that make no sense

/** Thrown if columns cannot be drawn from windows, and have to be loaded whole. */
export class WindowsImpossible extends Error {}

/**
 * Tell whether columns have to be loaded whole because of an error: windows are impossible, or the server does
 * not accept the request for one.
 * @param {unknown} error
 */
export const needWhole = (error) =>
  error instanceof WindowsImpossible || NOT_ACCEPTED.includes(statusOf(error) ?? 0);

/**
 * Return the window of a response.
 * @param {WindowQuery} query
 * @param {WindowRows} rows
 * @param {string} xHash
 * @returns {Window}
 */
export function windowOf({ from, to, pixels }, { kind, arrays }, xHash) {
  if (kind === "sampled") throw new WindowsImpossible("x does not ascend");
  const x = arrays.get(xHash) ?? [];
  const width = (to ?? x[x.length - 1]) - (from ?? x[0]);
  const density = kind === "exact" ? Infinity : pixels / width;
  return { low: from ?? -Infinity, high: to ?? Infinity, arrays, density };
}

/**
 * Tell whether a window has all that a viewport can show.
 * @param {Window | null} window
 * @param {Viewport} viewport
 */
export function covers(window, { low, high, pixels }) {
  if (!window || low < window.low || window.high < high) return false;
  return window.density * (high - low) > binsOf(pixels) * TOLERANCE;
}

/**
 * Tell whether a window can be requested for a viewport.
 * @param {Viewport} viewport
 */
export const isRequestable = ({ low, high }) => low < high && Number.isFinite(high - low);

/**
 * Return how many bins a viewport needs.
 * @param {number} pixels of the screen
 */
const binsOf = (pixels) => Math.min(Math.ceil(pixels * OVERSAMPLING), MAX_VIEWPORT_BINS);

/**
 * Return the query for the window of a viewport.
 * @param {Viewport} viewport
 * @returns {WindowQuery}
 */
export function queryFor({ low, high, pixels }) {
  const margin = (high - low) * MARGIN;
  return { from: low - margin, to: high + margin, pixels: Math.ceil(binsOf(pixels) * (1 + 2 * MARGIN)) };
}

/**
 * Return the pixels to request for a first window.
 * @param {number} pixels of the screen
 */
export const oversample = (pixels) => Math.min(Math.ceil(pixels * FIRST_OVERSAMPLING), MAX_PIXELS);

/**
 * Return the extents of x and y over the rows in which y is a number.
 * @param {ArrayLike<number>} x
 * @param {ArrayLike<number>[]} ys
 * @returns {{ x: Extent, y: Extent }}
 */
export function extentOf(x, ys) {
  /** @type {{ x: Extent, y: Extent }} */
  const extent = { x: [Infinity, -Infinity], y: [Infinity, -Infinity] };
  for (const y of ys)
    for (let i = 0; i < y.length; i++) {
      if (Number.isNaN(y[i])) continue;
      if (!Number.isFinite(y[i]) || !Number.isFinite(x[i]))
        throw new WindowsImpossible("there are infinities");
      widen(extent.x, x[i]);
      widen(extent.y, y[i]);
    }
  return extent;
}

/**
 * @param {Extent} extent
 * @param {number} value
 */
function widen(extent, value) {
  if (value < extent[0]) extent[0] = value;
  if (value > extent[1]) extent[1] = value;
}
