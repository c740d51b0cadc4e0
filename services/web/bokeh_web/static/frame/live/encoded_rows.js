// Decodes the rows of events, and makes events of Bokeh's protocol of them.

import { ARRAYS, decodeBase64 } from "../scene/column_codec.js";

/**
 * @typedef {object} EncodedRows of a column
 * @property {unknown[]} [values] a list, in Bokeh's encoding
 * @property {keyof typeof ARRAYS | "bool"} [dtype] of an array
 * @property {string} [data] its bytes in base64
 * @property {string} [rows] of patches: the numbers of the rows, as uint32 in base64
 */
/** @typedef {Record<string, EncodedRows>} EncodedColumns by name */
/** @typedef {{ event: any, buffers: Map<string, ArrayBuffer> }} Patch of a document */

/** @param {EncodedRows} rows */
const arrayType = ({ dtype }) => ARRAYS[dtype === "bool" ? "uint8" : (dtype ?? "uint8")];

/**
 * Tell whether rows are of the same type as a column, and the column has as many rows as expected. Otherwise
 * the column was replaced meanwhile, or changed by code of the plot.
 * @param {unknown} column
 * @param {EncodedRows} rows
 * @param {number} length
 */
function fits(column, rows, length) {
  if (rows.values) return Array.isArray(column) && column.length === length;
  return column instanceof arrayType(rows) && column.length === length;
}

/**
 * Tell whether rows can be put into the columns of a source.
 * @param {any} data of the source: a map or an object
 * @param {EncodedColumns} columns
 * @param {number} length
 * @param {boolean} areAll whether the rows are those of all columns
 */
export function fitAll(data, columns, length, areAll) {
  const known = new Map(data instanceof Map ? data : Object.entries(data));
  const entries = Object.entries(columns);
  if (areAll && entries.length !== known.size) return false;
  return entries.every(([name, rows]) => fits(known.get(name), rows, length));
}

/**
 * Drop rows at the beginning of a source. BokehJS does not drop any of arrays that are longer than the rollover.
 * @param {BokehJS.ColumnDataSource} source
 * @param {number} keep rows at the end
 */
export function dropRows(source, keep) {
  const entries = Object.entries(/** @type {Record<string, any>} */ (source.data));
  source.data = Object.fromEntries(
    entries.map(([name, column]) => [name, column.slice(column.length - keep)]),
  );
}

/**
 * Return the event that appends rows to a source.
 * @param {string} id of the source
 * @param {EncodedColumns} columns
 * @param {number} skip rows at the beginning that the source has already
 * @param {number} rollover rows to keep
 * @returns {Patch}
 */
export function streamEvent(id, columns, skip, rollover) {
  /** @type {Map<string, ArrayBuffer>} */
  const buffers = new Map();
  const entries = Object.entries(columns).map(([name, rows]) => {
    if (rows.values) return [name, rows.values.slice(skip)];
    const { BYTES_PER_ELEMENT: size } = arrayType(rows);
    const buffer = decodeBase64(rows.data ?? "").slice(skip * size);
    buffers.set(name, buffer);
    const array = { type: "bytes", data: { id: name } };
    const shape = [buffer.byteLength / size];
    return [name, { type: "ndarray", array, dtype: rows.dtype, shape, order: "little" }];
  });
  const data = { type: "map", entries };
  return { event: { kind: "ColumnsStreamed", model: { id }, attr: "data", data, rollover }, buffers };
}

/**
 * Return the event that changes values of a source.
 * @param {string} id of the source
 * @param {EncodedColumns} columns
 * @returns {Patch}
 */
export function patchEvent(id, columns) {
  const entries = Object.entries(columns).map(([name, rows]) => {
    const numbers = new Uint32Array(decodeBase64(rows.rows ?? ""));
    const values = rows.values ?? [...new (arrayType(rows))(decodeBase64(rows.data ?? ""))].map(encodeNumber);
    return [name, [...numbers].map((number, i) => [number, values[i]])];
  });
  const patches = { type: "map", entries };
  return { event: { kind: "ColumnsPatched", model: { id }, attr: "data", patches }, buffers: new Map() };
}

/**
 * Return a number in Bokeh's encoding.
 * @param {number} value
 */
function encodeNumber(value) {
  if (Number.isFinite(value)) return value;
  return { type: "number", value: Number.isNaN(value) ? "nan" : value > 0 ? "+inf" : "-inf" };
}

/**
 * Return the numbers of rows, without those of lists.
 * @param {EncodedRows | undefined} rows
 * @returns {ArrayLike<number>}
 */
export const numbersOf = (rows) => (rows?.data ? new (arrayType(rows))(decodeBase64(rows.data)) : []);
