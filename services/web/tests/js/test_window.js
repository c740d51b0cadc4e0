import assert from "node:assert/strict";
import { test } from "node:test";
import {
  covers,
  extentOf,
  isRequestable,
  MAX_PIXELS,
  oversample,
  queryFor,
  WindowsImpossible,
  windowOf,
} from "../../bokeh_web/static/frame/windows/window.js";

/** @param {number[]} values */
const arraysOf = (values) => new Map([["x", new Float64Array(values)]]);
const WINDOW = { low: 0, high: 10, density: 100, arrays: new Map() };

test("a window covers viewports inside of it that are not finer", () => {
  assert.ok(covers(WINDOW, { low: 0, high: 10, pixels: 500 }));
  assert.ok(covers(WINDOW, { low: 2, high: 8, pixels: 300 }));
  assert.ok(!covers(WINDOW, { low: 2, high: 8, pixels: 350 }));
  assert.ok(!covers(WINDOW, { low: -1, high: 5, pixels: 1 }));
  assert.ok(!covers(WINDOW, { low: 5, high: 11, pixels: 1 }));
  assert.ok(!covers(null, { low: 0, high: 1, pixels: 1 }));
});

test("a window that leaves no row out covers viewports of any width", () => {
  const window = windowOf({ from: 0, to: 10, pixels: 5 }, { kind: "exact", arrays: arraysOf([0, 10]) }, "x");
  assert.ok(covers(window, { low: 1, high: 1.000001, pixels: 10000 }));
});

test("a window of all rows covers what lies outside of them", () => {
  const window = windowOf({ pixels: 1000 }, { kind: "m4", arrays: arraysOf([0, 4, 10]) }, "x");
  assert.equal(window.density, 100);
  assert.ok(covers(window, { low: -100, high: 100, pixels: 1000 }));
});

test("the window of a very wide viewport covers it, with the bins that the server makes at most", () => {
  const viewport = { low: 0, high: 1, pixels: 10000 };
  const query = queryFor(viewport);
  assert.ok(covers(windowOf(query, { kind: "reduced", arrays: arraysOf([0, 1]) }, "x"), viewport));
});

test("rows that are only sampled make no window", () => {
  const rows = { kind: "sampled", arrays: arraysOf([2, 1]) };
  assert.throws(() => windowOf({ pixels: 1 }, rows, "x"), WindowsImpossible);
});

test("a window is requested with a margin on both sides", () => {
  assert.deepEqual(queryFor({ low: 10, high: 20, pixels: 500 }), { from: 5, to: 25, pixels: 2000 });
  assert.equal(queryFor({ low: 0, high: 1, pixels: 10000 }).pixels, MAX_PIXELS);
});

test("first windows are finer than the screen", () => {
  assert.equal(oversample(600.2), 1801);
  assert.equal(oversample(1e9), MAX_PIXELS);
});

test("viewports without an extent cannot be requested", () => {
  assert.ok(isRequestable({ low: 0, high: 1, pixels: 1 }));
  for (const [low, high] of [
    [1, 1],
    [NaN, 1],
    [-Infinity, 1],
    [-1.7e308, 1.7e308],
  ])
    assert.ok(!isRequestable({ low, high, pixels: 1 }));
});

test("the extent leaves out rows without a number", () => {
  const extent = extentOf(
    [1, 2, 3],
    [
      [NaN, 5, 4],
      [NaN, NaN, 7],
    ],
  );
  assert.deepEqual(extent, { x: [2, 3], y: [4, 7] });
  const [low, high] = extentOf([1], [[NaN]]).x;
  assert.ok(low > high);
});

test("infinities cannot be drawn from windows", () => {
  assert.throws(() => extentOf([1, 2], [[0, Infinity]]), WindowsImpossible);
  assert.throws(() => extentOf([NaN, 2], [[0, 1]]), WindowsImpossible);
});
