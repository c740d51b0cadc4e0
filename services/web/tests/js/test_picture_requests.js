import assert from "node:assert/strict";
import { test } from "node:test";
import { PictureRequests } from "../../bokeh_web/static/site/picture_requests.js";

/** @param {boolean} clicked */
function requestsAfterClick(clicked) {
  /** @type {unknown[]} */
  const sent = [];
  const requests = new PictureRequests(
    (name, { kind }) => sent.push([name, kind]),
    () => clicked,
  );
  return { requests, sent };
}

test("pictures that were not asked for are not taken", () => {
  const { requests, sent } = requestsAfterClick(true);
  for (const kind of ["png", "svg", "tool", "thumbnail", "constructor", undefined, 5])
    assert.equal(requests.take({ kind, data: "x" }), null);
  assert.deepEqual(sent, []);
});

test("a picture that was asked for is taken once", () => {
  const { requests, sent } = requestsAfterClick(false);
  requests.ask("svg");
  assert.deepEqual(sent, [["draw", "svg"]]);
  assert.equal(requests.take({ kind: "png", data: "x" }), null);
  assert.deepEqual(requests.take({ kind: "svg", data: "<svg>" }), {
    kind: "svg",
    format: "svg",
    data: "<svg>",
  });
  assert.equal(requests.take({ kind: "svg", data: "<svg>" }), null);
});

test("the frame does not choose another format than was asked for", () => {
  const { requests } = requestsAfterClick(true);
  requests.ask("png");
  assert.equal(requests.take({ kind: "png", format: "exe", data: "x" })?.format, "png");
  requests.askForTool();
  assert.equal(requests.take({ kind: "tool", format: "exe", data: "x" }), null);
  requests.askForTool();
  assert.equal(requests.take({ kind: "tool", format: "svg", data: "x" })?.format, "svg");
});

test("the save tool needs a click", () => {
  const { requests, sent } = requestsAfterClick(false);
  requests.askForTool();
  assert.deepEqual(sent, []);
  assert.equal(requests.take({ kind: "tool", format: "png", data: "x" }), null);
});

test("a picture that cannot be drawn is forgotten", () => {
  const { requests } = requestsAfterClick(true);
  requests.ask("png");
  assert.ok(requests.forget("png"));
  assert.equal(requests.take({ kind: "png", data: "x" }), null);
});
