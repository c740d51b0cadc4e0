import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff, FIRST_PAUSE } from "../../bokeh_web/static/frame/live/backoff.js";
import { readEvents, splitEvents } from "../../bokeh_web/static/frame/live/event_stream.js";
import { LiveData } from "../../bokeh_web/static/frame/live/live_data.js";
import { areEqual, changesOf, fingerprintsOf } from "../../bokeh_web/static/frame/live/source_changes.js";
import { column, lineModels, mapOf } from "./support.js";

test("events are cut off a text, and the rest waits for more", () => {
  const { events, rest } = splitEvents('retry: 5000\n\nid: 7\nevent: data\ndata: {"a": "b: c"}\n\nid: 8\n');
  assert.deepEqual(events, [{ retry: "5000" }, { id: "7", event: "data", data: '{"a": "b: c"}' }]);
  assert.equal(rest, "id: 8\n");
});

test("events may come in pieces", async () => {
  const parts = ["event: da", "ta\ndata: {}\n", "\nevent: version\n\nid"];
  const body = new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });
  const events = [];
  for await (const event of readEvents(new Response(body))) events.push(event);
  assert.deepEqual(events, [{ event: "data", data: "{}" }, { event: "version" }]);
});

test("the pause doubles with each failure, varies by a half, and is at most three seconds", () => {
  assert.equal(
    backoff(0, () => 0.5),
    FIRST_PAUSE,
  );
  assert.equal(
    backoff(1, () => 0.5),
    FIRST_PAUSE * 2,
  );
  assert.equal(
    backoff(50, () => 1),
    3000,
  );
  assert.equal(
    backoff(0, () => 0),
    FIRST_PAUSE / 2,
  );
});

test("only columns that have changed are replaced", () => {
  const before = fingerprintsOf([
    ["x", column("a")],
    ["y", column("b")],
  ]);
  /** @type {[string, unknown][]} */
  const after = [
    ["x", column("a")],
    ["y", column("c")],
  ];
  assert.ok(!areEqual(before, fingerprintsOf(after)));
  assert.deepEqual(changesOf(before, after), { changed: [after[1]], names: ["y"] });
});

test("all columns are replaced where others are there than before", () => {
  const before = fingerprintsOf([["x", column("a")]]);
  /** @type {[string, unknown][]} */
  const after = [
    ["x", column("a")],
    ["z", column("c")],
  ];
  assert.deepEqual(changesOf(before, after), { changed: after, names: null });
});

/** @returns {any} a plot that notes what is done to it */
function fakePlot() {
  /** @type {any[]} */
  const patches = [];
  return {
    patches,
    document: {
      get_model_by_id: (/** @type {string} */ id) => (id === "source" ? {} : null),
      apply_json_patch: (/** @type {any} */ patch, /** @type {unknown} */ buffers) =>
        patches.push([patch.events[0], buffers]),
    },
    viewState: { whileFollowing: (/** @type {() => Promise<void>} */ change) => change() },
    reloadOf: () => undefined,
  };
}

test("new columns of a live source are put into the document, once", async () => {
  /** @type {string[][]} */
  const fetched = [];
  const store = /** @type {any} */ ({
    fetch: async (/** @type {string[]} */ hashes) => {
      fetched.push(hashes);
      return new Map(hashes.map((hash) => [hash, new ArrayBuffer(8)]));
    },
  });
  const data = new LiveData(store, lineModels().scene);
  const plot = fakePlot();
  await data.update(plot, lineModels().scene);
  assert.deepEqual(fetched, []);
  for (let i = 0; i < 2; i++) {
    const { scene, source } = lineModels();
    source.attributes.data = mapOf({ x: column("hash-x"), y: column("new-y") });
    await data.update(plot, scene);
  }
  assert.deepEqual(fetched, [["new-y"]]);
  const [[event, buffers]] = plot.patches;
  assert.deepEqual([event.kind, event.model, event.cols], ["ColumnDataChanged", { id: "source" }, ["y"]]);
  assert.deepEqual(buffers.get(event.data.entries[0][1].array.data.id), new ArrayBuffer(8));
});
