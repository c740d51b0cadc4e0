import assert from "node:assert/strict";
import { test } from "node:test";
import {
  columnHashes,
  isModel,
  isStretched,
  sourceEntries,
} from "../../bokeh_web/static/frame/scene/scene.js";
import { column, lineModels } from "./support.js";

test("hashes of all columns are found", () => {
  const { scene } = lineModels();
  assert.deepEqual(columnHashes(scene), new Set(["hash-x", "hash-y"]));
  assert.deepEqual(columnHashes({ type: "packed", data: { id: "p" } }), new Set(["p"]));
});

test("sources are found by their ids", () => {
  const { scene } = lineModels();
  assert.deepEqual(
    [...sourceEntries(scene)],
    [
      [
        "source",
        [
          ["x", column("hash-x")],
          ["y", column("hash-y")],
        ],
      ],
    ],
  );
});

test("a figure with a sizing mode is stretched", () => {
  const { scene, figure } = lineModels();
  assert.equal(isStretched(scene.roots), false);
  figure.attributes.sizing_mode = "stretch_width";
  assert.equal(isStretched(scene.roots), true);
});

test("references are not models", () => {
  assert.equal(isModel({ id: "p1" }), false);
  assert.equal(isModel(null), false);
  assert.equal(isModel({ type: "object", name: "Line", id: "p1" }), true);
});
