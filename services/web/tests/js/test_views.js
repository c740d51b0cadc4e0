import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatView,
  fragmentOfView,
  isView,
  parseView,
  viewOfFragment,
} from "../../bokeh_web/static/common/view_codec.js";
import { describeRoot } from "../../bokeh_web/static/frame/view/accessibility.js";
import { stackLayers } from "../../bokeh_web/static/frame/view/plot_images.js";
import { ViewState } from "../../bokeh_web/static/frame/view/view_state.js";

test("a view is read as it was written, to nine digits", () => {
  const text = formatView([
    [0.1 + 0.2, 1e-12, -5, 1704067200123],
    [0, 1, 2, 3],
  ]);
  assert.equal(text, "0.3,1e-12,-5,1704067200000;0,1,2,3");
  assert.deepEqual(parseView(text, 2), [
    [0.3, 1e-12, -5, 1704067200000],
    [0, 1, 2, 3],
  ]);
});

test("a view of other figures is none", () => {
  assert.equal(parseView("0,1,2,3", 2), null);
  assert.equal(parseView("0,1,2", 1), null);
  assert.equal(parseView("", 1), null);
});

test("only numbers get into a URL", () => {
  assert.ok(isView("0,1e+20,-2.5,3;0,1,2,3"));
  assert.ok(isView(""));
  for (const value of ["javascript:", "0,1&x=2", "1".repeat(2001), 5, null]) assert.ok(!isView(value));
});

test("a view stands in the fragment of a URL", () => {
  assert.equal(viewOfFragment(fragmentOfView("0,1e-9,2,3")), "0,1e-9,2,3");
  assert.equal(fragmentOfView(""), "");
  assert.equal(viewOfFragment("#top"), null);
});

/** @param {number} start @param {number} end */
const range = (start, end) => ({
  start,
  end,
  change: { connect: () => true },
  setv(/** @type {object} */ values) {
    Object.assign(this, values);
  },
});

/** @returns {any} a document of one figure */
function fakeDocument() {
  const figure = { id: "figure", x_range: range(0, 1), y_range: range(2, 3), title: { text: "Sine" } };
  const all = {
    ...figure,
    properties: { x_range: {}, y_range: {}, renderers: {} },
    below: [{ axis_label: "time" }],
    left: [{ axis_label: null }],
    renderers: [{ id: "p1", glyph: {} }, { id: "bokeh-cloud-0-0-renderer", glyph: {} }, { id: "p2" }],
  };
  const root = { references: () => [all, { id: "axis", properties: {} }] };
  return { roots: () => [root], figure: all };
}

test("a view is applied to the ranges, and reported where it is not the first one", () => {
  const document = fakeDocument();
  /** @type {unknown[]} */
  const sent = [];
  const channel = { send: (/** @type {unknown[]} */ ...message) => sent.push(message) };
  const state = new ViewState(document, /** @type {any} */ (channel));
  assert.deepEqual([state.view, state.zoom], ["0,1,2,3", ""]);
  state.apply("5,6,NaN,9");
  assert.equal(state.zoom, "5,6,2,3");
  state.report();
  assert.deepEqual(sent, [["view", { view: "5,6,2,3" }]]);
  state.apply("");
  assert.equal(state.zoom, "");
});

test("a screen reader says the title, the axes, and how many series there are", () => {
  /** @type {Record<string, string>} */
  const attributes = {};
  const element = {
    setAttribute: (/** @type {string} */ name, /** @type {string} */ value) =>
      Object.assign(attributes, { [name]: value }),
  };
  describeRoot(/** @type {any} */ (element), fakeDocument().roots()[0], "Waves");
  assert.deepEqual(attributes, { role: "figure", "aria-label": "Waves; Sine, time, 1 series" });
});

test("images of several roots stand one below the other", () => {
  const layers = [
    { width: 800, height: 400 },
    { width: 600, height: 400 },
  ];
  assert.deepEqual(stackLayers(layers, "png"), { width: 800, height: 800, scale: 1 });
  assert.deepEqual(stackLayers(layers, "thumbnail"), { width: 400, height: 400, scale: 0.5 });
});
