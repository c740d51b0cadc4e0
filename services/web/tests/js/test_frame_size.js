import assert from "node:assert/strict";
import { test } from "node:test";
import { isStretched } from "../../bokeh_web/static/frame/view/frame_size.js";
import { scaleOf } from "../../bokeh_web/static/site/frame_size.js";

test("a plot has a width of its own unless some part takes the width that it gets", () => {
  assert.ok(!isStretched([{ sizing_mode: null }, { sizing_mode: "fixed", width_policy: "fixed" }, {}]));
  for (const mode of ["stretch_width", "stretch_both", "scale_width", "scale_both"])
    assert.ok(isStretched([{}, { sizing_mode: mode }]));
  assert.ok(isStretched([{ width_policy: "max" }]));
});

test("a frame is scaled down only, and only if it has a width", () => {
  assert.equal(scaleOf(800, 400), 0.5);
  assert.equal(scaleOf(300, 400), 1);
  assert.equal(scaleOf(null, 400), 1);
  assert.equal(scaleOf(300, 0), 1);
});
