// Puts columns into a scene, which makes it the JSON of a Bokeh document.

import { unpack } from "./column_codec.js";

/**
 * Puts columns into parts of a scene. BokehJS takes buffers without copying them, so each place in the
 * document gets a buffer of its own: two columns of equal values must not change together.
 */
export class Assembler {
  /** @param {import("./columns.js").Columns} columns */
  constructor(columns) {
    this.columns = columns;
    /** @type {Map<string, ArrayBuffer>} */
    this.buffers = new Map();
    /** @type {Set<string>} */
    this.used = new Set();
  }

  /**
   * Replace hashes by references to `buffers`, mostly in place.
   * @param {any} value a part of a scene
   * @param {(id: any) => ArrayBuffer} find what an id of bytes stands for
   * @returns {any}
   */
  assemble(value, find = (hash) => this.#take(hash)) {
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) value[i] = this.assemble(value[i], find);
      return value;
    }
    if (value === null || typeof value !== "object") return value;
    if (value.type === "bytes" && typeof value.data === "object") return this.#refer(find(value.data.id));
    if (value.type === "packed") return this.#assemblePacked(value.data.id);
    for (const key of Object.keys(value)) value[key] = this.assemble(value[key], find);
    return value;
  }

  /** @param {string} hash */
  #assemblePacked(hash) {
    const packed = unpack(this.#find(hash));
    return this.assemble(packed.value, (index) => packed.buffers[index]);
  }

  /** @param {ArrayBuffer} buffer */
  #refer(buffer) {
    const id = String(this.buffers.size);
    this.buffers.set(id, buffer);
    return { type: "bytes", data: { id } };
  }

  /** @param {string} hash */
  #find(hash) {
    const buffer = this.columns.get(hash);
    if (!buffer) throw new Error(`column ${hash} is missing`);
    return buffer;
  }

  /** @param {string} hash */
  #take(hash) {
    const buffer = this.#find(hash);
    if (this.used.has(hash)) return buffer.slice(0);
    this.used.add(hash);
    return buffer;
  }
}
