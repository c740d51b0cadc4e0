// Requests windows from the server.

import { decodeArray, unpack } from "../scene/column_codec.js";
import { WindowsImpossible } from "./window.js";

/** @typedef {import("./window.js").WindowQuery} WindowQuery */
/** @typedef {import("./window.js").WindowRows} WindowRows */

/**
 * Return the parameters of the request for a window.
 * @param {string} x hash
 * @param {string[]} hashes of all columns, x among them
 * @param {WindowQuery} query
 */
export function windowParameters(x, hashes, { from, to, pixels }) {
  const ys = [...new Set(hashes)].filter((hash) => hash !== x);
  const y = ys.join(",") || x;
  const parameters = new URLSearchParams({ x, y, pixels: String(pixels), method: "m4", around: "1" });
  if (from !== undefined) parameters.set("from", String(from));
  if (to !== undefined) parameters.set("to", String(to));
  return parameters;
}

/**
 * Return the window of a response.
 * @param {import("../scene/column_codec.js").Packed} answer
 * @returns {WindowRows}
 */
export function windowRows({ value, buffers }) {
  /** @type {WindowRows["arrays"]} */
  const arrays = new Map();
  for (const [hash, { array, dtype }] of Object.entries(value.columns)) {
    const decoded = decodeArray(dtype, buffers[array.data.id]);
    if (!decoded) throw new WindowsImpossible(`a column of ${dtype}`);
    arrays.set(hash, decoded);
  }
  return { kind: value.kind, arrays };
}

/** The windows of the columns of an account. */
export class WindowRequests {
  /**
   * @param {import("../scene/requests.js").Request} request
   * @param {string} url of columns
   */
  constructor(request, url) {
    this.request = request;
    this.url = url;
  }

  /**
   * @param {string} x hash
   * @param {string[]} hashes of all columns, x among them
   * @param {WindowQuery} query
   * @param {AbortSignal} [signal]
   */
  async fetch(x, hashes, query, signal) {
    const url = `${this.url}/window?${windowParameters(x, hashes, query)}`;
    const answer = await this.request(url, signal && { signal });
    return windowRows(unpack(await answer.arrayBuffer()));
  }
}
