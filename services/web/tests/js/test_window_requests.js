import assert from "node:assert/strict";
import { test } from "node:test";
import { WindowsImpossible } from "../../bokeh_web/static/frame/windows/window.js";
import {
  WindowRequests,
  windowParameters,
  windowRows,
} from "../../bokeh_web/static/frame/windows/window_requests.js";
import { fakeServer, windowAnswer } from "./support.js";

test("a request names x, the other columns and the viewport", () => {
  const parameters = windowParameters("x", ["x", "a", "b", "a"], { from: 1, to: 2.5, pixels: 600 });
  assert.equal(String(parameters), "x=x&y=a%2Cb&pixels=600&method=m4&around=1&from=1&to=2.5");
});

test("a request for all rows has no ends", () => {
  assert.equal(
    String(windowParameters("x", ["x", "a"], { pixels: 1 })),
    "x=x&y=a&pixels=1&method=m4&around=1",
  );
});

test("a column can be drawn over itself", () => {
  assert.equal(windowParameters("x", ["x", "x"], { pixels: 1 }).get("y"), "x");
});

test("the answer is a window", async () => {
  const { request, requests } = fakeServer(() => windowAnswer({ x: [1, 2], a: [3, 4] }, "reduced"));
  const rows = await new WindowRequests(request, "/ada/data/columns").fetch("x", ["x", "a"], { pixels: 2 });
  assert.equal(requests.length, 1);
  assert.match(requests[0].url, /^\/ada\/data\/columns\/window\?x=x&y=a&/);
  assert.equal(rows.kind, "reduced");
  assert.deepEqual(rows.arrays.get("a"), new Float64Array([3, 4]));
});

test("columns of which there is no array cannot be drawn from windows", () => {
  const value = { kind: "exact", columns: { x: { array: { data: { id: 0 } }, dtype: "int64" } } };
  assert.throws(() => windowRows({ value, buffers: [new ArrayBuffer(8)] }), WindowsImpossible);
});
