import assert from "node:assert/strict";
import { test } from "node:test";
import { dispatch, messageType } from "../../bokeh_web/static/common/messages.js";
import { isHeight } from "../../bokeh_web/static/site/frame_size.js";

test("a message calls its handler", () => {
  /** @type {unknown[]} */
  const heights = [];
  dispatch({ height: ({ height }) => heights.push(height) }, { type: messageType("height"), height: 5 });
  assert.deepEqual(heights, [5]);
});

test("messages of others call none", () => {
  const handlers = { height: () => assert.fail("called") };
  for (const data of [null, undefined, 5, "bokeh-cloud:height", {}, { type: "height" }, { type: 5 }])
    dispatch(handlers, data);
  dispatch(handlers, { type: messageType("constructor") });
});

test("a frame is made neither tiny nor endless", () => {
  assert.ok(isHeight(400));
  for (const height of [0, 119, 20001, NaN, "400", null]) assert.ok(!isHeight(height));
});
