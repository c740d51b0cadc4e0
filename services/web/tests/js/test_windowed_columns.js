import assert from "node:assert/strict";
import { test } from "node:test";
import { WindowsImpossible } from "../../bokeh_web/static/frame/windows/window.js";
import { planWindows } from "../../bokeh_web/static/frame/windows/window_planner.js";
import { WindowRequests } from "../../bokeh_web/static/frame/windows/window_requests.js";
import { WindowedColumns } from "../../bokeh_web/static/frame/windows/windowed_columns.js";
import { column, fakeServer, lineModels, model, windowAnswer } from "./support.js";

const ROWS = { "hash-x": [0, 5, 10], "hash-y": [1, 3, 2] };

/**
 * Return the windowed columns of a figure with one line.
 * @param {object} options
 * @param {import("../../bokeh_web/static/frame/scene/scene.js").SceneModel} [options.range] of x
 * @param {Record<string, number[]>} [options.rows] that the server has
 */
function windowedLine({ range, rows = ROWS } = {}) {
  const models = lineModels();
  if (range) models.figure.attributes.x_range = range;
  const { request, requests } = fakeServer(() => windowAnswer(rows, "m4"));
  const [plan] = planWindows(models.scene, 1000);
  const columns = new WindowedColumns(plan, "bokeh-cloud-0", new WindowRequests(request, "/columns"));
  return { ...models, columns, requests };
}

/** @type {(buffer: ArrayBuffer) => object} */
const refer = (buffer) => ({ bytes: buffer.byteLength });

test("where x follows the data, the first window is one of all rows", async () => {
  const { columns, requests } = windowedLine();
  await columns.open(1200);
  assert.deepEqual(
    requests.map(({ url }) => url),
    ["/columns/window?x=hash-x&y=hash-y&pixels=1200&method=m4&around=1"],
  );
  assert.equal(columns.current, columns.full);
});

test("where x has ends, the first window is between them, and the extents are another request", async () => {
  const range = model("Range1d", "fixed", { start: 8, end: 2 });
  const { columns, requests } = windowedLine({ range });
  await columns.open(1200);
  assert.deepEqual(
    requests.map(({ url }) => url),
    [
      "/columns/window?x=hash-x&y=hash-y&pixels=1200&method=m4&around=1&from=2&to=8",
      "/columns/window?x=hash-x&y=hash-y&pixels=1&method=m4&around=1",
    ],
  );
  assert.equal(columns.full, null);
  assert.deepEqual(columns.extents, [{ x: [0, 10], y: [1, 3] }]);
});

/** @type {Record<string, [Record<string, unknown> | undefined, string]>} */
const ENDS = {
  "the default start": [{ end: 8 }, "from=0&to=8"],
  "the default end": [{ start: -5 }, "from=-5&to=1"],
  "both defaults": [undefined, "from=0&to=1"],
  "numbers as objects": [{ start: { type: "number", value: 3 }, end: 9 }, "from=3&to=9"],
};

for (const [name, [attributes, ends]] of Object.entries(ENDS))
  test(`the first window of a range has ${name}`, async () => {
    const range = { ...model("Range1d", "fixed"), attributes };
    const { columns, requests } = windowedLine({ range });
    await columns.open(1200);
    assert.ok(requests[0].url.endsWith(`&${ends}`), requests[0].url);
  });

/** @type {[unknown, unknown][]} */
const NO_ENDS = [
  [0, { type: "number", value: "+inf" }],
  [{ type: "number", value: "nan" }, 1],
  ["2025-01-01", 1735689600000],
  [null, 3],
  [2, 2],
  [-1e308, 1e308],
];

for (const [start, end] of NO_ENDS)
  test(`no window can be requested from ${JSON.stringify(start)} to ${JSON.stringify(end)}`, async () => {
    const { columns } = windowedLine({ range: model("Range1d", "fixed", { start, end }) });
    await assert.rejects(columns.open(1200), WindowsImpossible);
  });

test("values without a logarithm need all rows on a logarithmic axis", async () => {
  const { columns } = windowedLine({ rows: { "hash-x": [0, 5, 10], "hash-y": [1, 0, 2] } });
  columns.plan.uses[0].isLogarithmic = true;
  await assert.rejects(columns.open(1200), WindowsImpossible);
});

test("a window replaces the columns, and an invisible renderer has the extents of all rows", async () => {
  const { columns, source, figure } = windowedLine();
  await columns.open(1200);
  columns.draw(refer, false);
  const [, [name, value]] = source.attributes.data.entries;
  assert.deepEqual([name, value.shape, value.dtype, value.array], ["y", [3], "float64", { bytes: 24 }]);
  const added = figure.attributes.renderers.at(-1);
  assert.equal(added.attributes.visible, false);
  assert.deepEqual(added.attributes.data_source.attributes.data.entries, [
    ["x", [0, 10]],
    ["y", [1, 3]],
  ]);
});

test("without any number there is no extent to keep", async () => {
  const { columns, figure } = windowedLine({ rows: { "hash-x": [0], "hash-y": [NaN] } });
  await columns.open(1200);
  columns.draw(refer, false);
  assert.equal(figure.attributes.renderers.length, 1);
});

test("a second window of a source gets a source of its own", async () => {
  const { columns, source, renderer } = windowedLine();
  await columns.open(1200);
  columns.draw(refer, true);
  assert.equal(renderer.attributes.data_source.id, "bokeh-cloud-0-source");
  assert.equal(renderer.attributes.data_source.attributes.data.entries.length, 2);
  assert.equal(source.attributes.data.entries[0][1].array.data.id, "hash-x");
});

test("other columns of a live source are drawn as the first ones were", async () => {
  const { columns, requests } = windowedLine({ rows: { ...ROWS, "new-x": [0, 20], "new-y": [5, 6] } });
  await columns.open(1200);
  const models = new Map([
    ["source", { data: {} }],
    ["bokeh-cloud-0-0-source", { data: {} }],
  ]);
  const document = /** @type {any} */ ({
    get_model_by_id: (/** @type {string} */ id) => models.get(id) ?? null,
  });
  const viewport = { read: () => ({ low: 0, high: 20, pixels: 400 }), onChange: () => {} };
  columns.follow(document, /** @type {any} */ (viewport), () => assert.fail());
  clearTimeout(columns.timer);
  await columns.replaceColumns([
    ["x", column("new-x")],
    ["y", column("new-y")],
  ]);
  assert.equal(requests.at(-1)?.url, "/columns/window?x=new-x&y=new-y&pixels=1200&method=m4&around=1");
  assert.deepEqual(models.get("source")?.data, { x: new Float64Array([0, 20]), y: new Float64Array([5, 6]) });
  assert.deepEqual(models.get("bokeh-cloud-0-0-source")?.data, { x: [0, 20], y: [5, 6] });
});

test("columns that are no arrays any more cannot be drawn from windows", async () => {
  const { columns } = windowedLine();
  await columns.open(1200);
  await assert.rejects(
    columns.replaceColumns([
      ["x", column("new-x")],
      ["y", [1, 2]],
    ]),
    WindowsImpossible,
  );
});
