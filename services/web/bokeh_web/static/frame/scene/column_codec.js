// The binary formats of columns.

/** @typedef {{ value: any, buffers: ArrayBuffer[] }} Packed JSON, and the buffers it refers to */
/** @typedef {InstanceType<typeof ARRAYS[keyof typeof ARRAYS]>} NumberArray */

export const ARRAYS = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

/**
 * Decode an array, or return null if JavaScript has no array of that dtype.
 * @param {string} dtype
 * @param {ArrayBuffer} buffer
 * @returns {NumberArray | null}
 */
export function decodeArray(dtype, buffer) {
  const name = dtype === "bool" ? "uint8" : dtype;
  return isNumberType(name) ? new ARRAYS[name](buffer) : null;
}

/**
 * Return the dtype of an array.
 * @param {NumberArray} array
 */
export const dtypeOf = (array) => array.constructor.name.replace("Array", "").toLowerCase();

/**
 * Tell whether BokehJS has arrays of a dtype.
 * @param {unknown} dtype
 * @returns {dtype is keyof typeof ARRAYS}
 */
export const isNumberType = (dtype) => typeof dtype === "string" && Object.hasOwn(ARRAYS, dtype);

/**
 * Decode a batch of columns: for each, its length in bytes as a little-endian uint64, then its bytes.
 * @param {string[]} hashes in the order in which they were asked for
 * @param {ArrayBuffer} data
 * @returns {[string, ArrayBuffer][]}
 */
export function splitBatch(hashes, data) {
  const view = new DataView(data);
  let offset = 0;
  return hashes.map((hash) => {
    const start = offset + 8;
    offset = start + Number(view.getBigUint64(offset, true));
    return [hash, data.slice(start, offset)];
  });
}

/**
 * Decode a packed column: the length of a JSON header as a little-endian uint32, the header, then the
 * buffers, each padded to a multiple of 8 bytes.
 * @param {ArrayBuffer} data
 * @returns {Packed}
 */
export function unpack(data) {
  const size = new DataView(data).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, size)));
  let offset = 4 + size;
  const buffers = header.buffers.map((/** @type {number} */ length) => {
    const buffer = data.slice(offset, offset + length);
    offset += Math.ceil(length / 8) * 8;
    return buffer;
  });
  return { value: header.value, buffers };
}

/**
 * Decode base64.
 * @param {string} text
 * @returns {ArrayBuffer}
 */
export const decodeBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
