// Fetches columns in parallel: small ones in batches, larger ones each in a request of its own.

import { splitBatch } from "./column_codec.js";

/** @typedef {Map<string, ArrayBuffer>} Columns by hash */

const BATCH_BYTES = 256 * 1024; // larger columns are not put into batches
const BATCH_COLUMNS = 1000; // the server's limit

/**
 * Divide columns into batches and columns that are fetched alone. Columns of unknown size, such as those of
 * live sources that have changed since the publication, are assumed to be small.
 * @param {string[]} hashes
 * @param {Record<string, number>} sizes
 */
export function planFetches(hashes, sizes) {
  const small = hashes.filter((hash) => !(sizes[hash] > BATCH_BYTES));
  const batches = [];
  for (let i = 0; i < small.length; i += BATCH_COLUMNS) batches.push(small.slice(i, i + BATCH_COLUMNS));
  return { batches, alone: hashes.filter((hash) => sizes[hash] > BATCH_BYTES) };
}

/** The columns of an account, as far as the view token grants access. */
export class ColumnStore {
  /**
   * @param {import("./requests.js").Request} request
   * @param {string} url
   * @param {Record<string, number>} sizes in bytes, by hash, as far as they are known
   */
  constructor(request, url, sizes) {
    this.request = request;
    this.url = url;
    this.sizes = sizes;
  }

  /**
   * @param {string[]} hashes
   * @returns {Promise<Columns>}
   */
  async fetch(hashes) {
    const { batches, alone } = planFetches(hashes, this.sizes);
    const parts = [
      ...batches.map((batch) => this.#fetchBatch(batch)),
      ...alone.map((hash) => this.#fetchOne(hash)),
    ];
    return new Map((await Promise.all(parts)).flat());
  }

  /**
   * @param {string} hash
   * @returns {Promise<[string, ArrayBuffer][]>}
   */
  async #fetchOne(hash) {
    const response = await this.request(`${this.url}/${hash}`);
    return [[hash, await response.arrayBuffer()]];
  }

  /** @param {string[]} hashes */
  async #fetchBatch(hashes) {
    const body = JSON.stringify({ columns: hashes });
    const headers = { "Content-Type": "application/json" };
    const response = await this.request(this.url, { method: "POST", body, headers });
    return splitBatch(hashes, await response.arrayBuffer());
  }
}
