import assert from "node:assert/strict";
import { test } from "node:test";
import { Assembler } from "../../bokeh_web/static/frame/scene/assembler.js";
import { column, packed } from "./support.js";

const bytes = (/** @type {number[]} */ ...values) => new Uint8Array(values).buffer;

test("each place gets a buffer of its own", () => {
  const assembler = new Assembler(new Map([["a", bytes(1, 2)]]));
  const [first, second] = assembler.assemble([column("a"), column("a")]);
  const buffers = [first, second].map(({ array }) => assembler.buffers.get(array.data.id));
  assert.notEqual(buffers[0], buffers[1]);
  for (const buffer of buffers) assert.deepEqual(buffer, bytes(1, 2));
});

test("a packed column is unpacked", () => {
  const value = { rows: [{ type: "bytes", data: { id: 1 } }, "text"] };
  const columns = new Map([["p", packed(value, [new Uint8Array([1]), new Uint8Array([2, 3])])]]);
  const assembler = new Assembler(columns);
  const found = assembler.assemble({ data: { type: "packed", data: { id: "p" } } });
  assert.deepEqual(found, { data: { rows: [{ type: "bytes", data: { id: "0" } }, "text"] } });
  assert.deepEqual(assembler.buffers.get("0"), bytes(2, 3));
});

test("plain values stay as they are", () => {
  const scene = { roots: [1, null, "x", { a: true }], version: "3.8.2" };
  assert.deepEqual(new Assembler(new Map()).assemble(structuredClone(scene)), scene);
});

test("a column that is missing is named", () => {
  const assembler = new Assembler(new Map());
  assert.throws(() => assembler.assemble(column("abc")), /column abc is missing/);
  assert.throws(() => assembler.assemble({ type: "packed", data: { id: "abc" } }), /column abc is missing/);
});
