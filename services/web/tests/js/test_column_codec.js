import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ARRAYS,
  decodeArray,
  decodeBase64,
  dtypeOf,
  splitBatch,
  unpack,
} from "../../bokeh_web/static/frame/scene/column_codec.js";
import { packed } from "./support.js";

test("a batch is cut into its columns", () => {
  const data = new Uint8Array(8 + 3 + 8 + 0 + 8 + 1);
  const view = new DataView(data.buffer);
  view.setBigUint64(0, 3n, true);
  data.set([1, 2, 3], 8);
  view.setBigUint64(11, 0n, true);
  view.setBigUint64(19, 1n, true);
  data.set([9], 27);
  const columns = splitBatch(["a", "b", "c"], data.buffer).map(([hash, part]) => [
    hash,
    [...new Uint8Array(part)],
  ]);
  assert.deepEqual(columns, [
    ["a", [1, 2, 3]],
    ["b", []],
    ["c", [9]],
  ]);
});

test("buffers of a packed column are padded to eight bytes", () => {
  const buffers = [new Uint8Array([1]), new Uint8Array(8).fill(2), new Uint8Array([3, 3])];
  const found = unpack(packed({ n: 1 }, buffers));
  assert.deepEqual(found.value, { n: 1 });
  assert.deepEqual(
    found.buffers.map((buffer) => new Uint8Array(buffer)),
    buffers,
  );
});

test("each dtype has its array, and an array its dtype", () => {
  for (const dtype of Object.keys(ARRAYS)) {
    const array = decodeArray(dtype, new ArrayBuffer(16));
    assert.ok(array);
    assert.equal(dtypeOf(array), dtype);
  }
  assert.ok(decodeArray("bool", new ArrayBuffer(1)) instanceof Uint8Array);
  assert.equal(decodeArray("int64", new ArrayBuffer(8)), null);
  assert.equal(decodeArray("constructor", new ArrayBuffer(8)), null);
});

test("base64 is decoded", () => {
  assert.deepEqual([...new Uint8Array(decodeBase64("AP8Q"))], [0, 255, 16]);
});
