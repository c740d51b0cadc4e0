import assert from "node:assert/strict";
import { test } from "node:test";
import {
  dropRows,
  fitAll,
  numbersOf,
  patchEvent,
  streamEvent,
} from "../../bokeh_web/static/frame/live/encoded_rows.js";
import { LiveData } from "../../bokeh_web/static/frame/live/live_data.js";
import { formatDuration, LiveStatus } from "../../bokeh_web/static/frame/live/live_status.js";
import { positionsIn, rowsToSkip } from "../../bokeh_web/static/frame/live/source_positions.js";
import { lineModels } from "./support.js";

/** @typedef {import("../../bokeh_web/static/frame/live/encoded_rows.js").EncodedRows} EncodedRows */

/**
 * @param {number[]} values
 * @returns {EncodedRows}
 */
const float64 = (values) => ({
  dtype: "float64",
  data: Buffer.from(new Float64Array(values).buffer).toString("base64"),
});

const AT = { version: 7, lineage: 2, end: 100, rows: 50 };

test("a page appends rows that follow its own, without those that it has", () => {
  const next = { version: 9, lineage: 2, end: 104, rows: 50 };
  assert.equal(rowsToSkip(AT, next, 100), 0);
  assert.equal(rowsToSkip(AT, next, 98), 2);
  assert.equal(rowsToSkip(AT, next, 101), null, "row 100 is missing");
  assert.equal(rowsToSkip(AT, { ...next, lineage: 8 }, 100), null);
  assert.equal(rowsToSkip(AT, { ...next, end: 200 }, 150), 0, "all rows are new");
});

test("a scene says at which positions its sources are, and when they were changed", () => {
  const lists = { p1: [7, 2, 100, 50, "2026-11-30T00:00:00Z"], p2: [1, 1, 3, 3, ""] };
  const { positions, modified } = positionsIn(new Headers({ "Bokeh-Cloud-Live": JSON.stringify(lists) }));
  assert.deepEqual(positions.get("p1"), AT);
  assert.equal(modified, Date.parse("2026-11-30T00:00:00Z"));
  assert.deepEqual(positionsIn(new Headers()), { positions: new Map(), modified: undefined });
});

test("rows are put into columns of the same type and length only", () => {
  const data = { y: new Float64Array(2), label: ["a", "b"] };
  const rows = { y: float64([1]), label: { values: ["c"] } };
  assert.ok(fitAll(data, rows, 2, true));
  assert.ok(fitAll(new Map(Object.entries(data)), rows, 2, true));
  assert.ok(!fitAll(data, rows, 3, true));
  assert.ok(!fitAll(data, { y: rows.y }, 2, true), "a column gets no rows");
  assert.ok(fitAll(data, { y: rows.y }, 2, false));
  assert.ok(!fitAll({ ...data, y: new Float32Array(2) }, rows, 2, true));
  assert.ok(!fitAll({ ...data, label: new Float64Array(2) }, rows, 2, true));
});

test("an event of Bokeh's protocol appends rows", () => {
  const { event, buffers } = streamEvent(
    "p1",
    { y: float64([1, 2, 3]), label: { values: ["a", "b", "c"] } },
    1,
    9,
  );
  const [[, y], [, label]] = event.data.entries;
  assert.deepEqual([event.kind, event.model, event.rollover], ["ColumnsStreamed", { id: "p1" }, 9]);
  assert.deepEqual([y.dtype, y.shape, label], ["float64", [2], ["b", "c"]]);
  assert.deepEqual([...new Float64Array(/** @type {ArrayBuffer} */ (buffers.get(y.array.data.id)))], [2, 3]);
});

test("another one changes single values", () => {
  const rows = Buffer.from(new Uint32Array([0, 5]).buffer).toString("base64");
  const { event } = patchEvent("p1", { y: { ...float64([1.5, NaN]), rows } });
  const changes = [
    [0, 1.5],
    [5, { type: "number", value: "nan" }],
  ];
  assert.deepEqual(event.patches.entries, [["y", changes]]);
  assert.deepEqual([event.kind, event.attr], ["ColumnsPatched", "data"]);
});

test("rows are dropped at the beginning", () => {
  const source = /** @type {any} */ ({ data: { y: new Float64Array([1, 2, 3]), label: ["a", "b", "c"] } });
  dropRows(source, 1);
  assert.deepEqual(source.data, { y: new Float64Array([3]), label: ["c"] });
  dropRows(source, 0);
  assert.equal(source.data.y.length, 0);
});

test("rows of windows are numbers", () => {
  assert.deepEqual([...Array.from(numbersOf(float64([1, 2])))], [1, 2]);
  assert.deepEqual(numbersOf({ values: ["a"] }), []);
});

/** @returns {any} a plot that notes what is done to it */
function livePlot() {
  /** @type {any[]} */
  const events = [];
  const source = { data: { x: new Float64Array(50), y: new Float64Array(50) } };
  return {
    events,
    source,
    document: {
      get_model_by_id: (/** @type {string} */ id) => (id === "source" ? source : null),
      apply_json_patch: (/** @type {any} */ patch) => events.push(patch.events[0]),
    },
    viewState: { whileFollowing: (/** @type {() => Promise<void>} */ change) => change() },
    reloadOf: () => undefined,
    windowsOf: () => undefined,
  };
}

/** @param {number[]} position */
const change = ([version, end], start = 100) =>
  /** @type {any} */ ({
    models: ["source"],
    position: [version, 2, end, 50],
    rows: { start, columns: { x: float64([1]), y: float64([2]) } },
  });

test("each event is applied once, and the scene is loaded where rows are missing", async () => {
  const plot = livePlot();
  const data = new LiveData(/** @type {any} */ ({}), lineModels().scene, new Map([["source", AT]]));
  let scenes = 0;
  const fetchScene = async () => {
    scenes++;
    const position = { version: 20, lineage: 2, end: 120, rows: 50 };
    return { scene: lineModels().scene, positions: new Map([["source", position]]), modified: undefined };
  };
  await data.apply(plot, [change([8, 101])], fetchScene);
  await data.apply(plot, [change([8, 101])], fetchScene);
  assert.deepEqual([plot.events.length, scenes], [1, 0]);
  await data
    .apply(plot, [change([10, 103], 102)], async () => {
      throw new Error("unavailable");
    })
    .catch(() => {});
  assert.equal(data.positions.get("source")?.version, 8, "the event is sent again");
  await assert.rejects(data.apply(plot, undefined, () => Promise.reject(new Error("unavailable"))));
});

test("the status of a page is live, silent or reconnecting", () => {
  const status = new LiveStatus(0);
  assert.equal(status.describe(0), "Live, last change now");
  assert.equal(status.describe(3000), "Live, last change 3 s ago");
  for (const time of [1000, 2000, 3000, 5000]) status.changed(time);
  assert.equal(status.interval, 1000);
  assert.ok(!status.isSilent(15000));
  assert.ok(status.isSilent(15001));
  assert.equal(status.describe(125000), "Silent: no change for 2 min, usually every 1 s");
  const fast = new LiveStatus(0);
  for (const time of [210, 420, 630]) fast.changed(time);
  assert.equal(fast.describe(9000), "Silent: no change for 8 s, usually every 0.2 s");
  status.disconnected(126000);
  assert.match(status.describe(127000), /^Reconnecting since /);
  status.connected(128000);
  assert.equal(status.connection, "live");
  assert.equal(new LiveStatus(undefined).describe(0), "Live");
  assert.deepEqual([400, 61000, 7200000, 200000000].map(formatDuration), ["0 s", "1 min", "2 h", "2 d"]);
});
