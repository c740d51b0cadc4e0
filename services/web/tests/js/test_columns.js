import assert from "node:assert/strict";
import { test } from "node:test";
import { ColumnStore, planFetches } from "../../bokeh_web/static/frame/scene/columns.js";
import { fakeServer } from "./support.js";

test("small columns come in batches, large ones alone, and those of unknown size count as small", () => {
  const plan = planFetches(["small", "large", "unknown"], { small: 1, large: 1e6 });
  assert.deepEqual(plan, { batches: [["small", "unknown"]], alone: ["large"] });
});

test("a batch has at most a thousand columns", () => {
  const hashes = Array.from({ length: 2001 }, (_, i) => `hash-${i}`);
  const { batches } = planFetches(hashes, {});
  assert.deepEqual(
    batches.map((batch) => batch.length),
    [1000, 1000, 1],
  );
});

test("columns are fetched, and nothing is requested for none", async () => {
  const batch = new Uint8Array(8 + 2);
  batch.set([2, 0, 0, 0, 0, 0, 0, 0, 5, 6]);
  const { request, requests } = fakeServer((url) =>
    url.pathname.endsWith("/large") ? new Uint8Array([7]) : batch,
  );
  const store = new ColumnStore(request, "/ada/data/columns", { large: 1e6 });
  assert.deepEqual(await store.fetch([]), new Map());
  assert.equal(requests.length, 0);
  const columns = await store.fetch(["large", "small"]);
  assert.deepEqual([...new Uint8Array(columns.get("small") ?? [])], [5, 6]);
  assert.deepEqual([...new Uint8Array(columns.get("large") ?? [])], [7]);
  assert.deepEqual(
    requests.map(({ url, options }) => [url, options?.body]),
    [
      ["/ada/data/columns", '{"columns":["small"]}'],
      ["/ada/data/columns/large", undefined],
    ],
  );
});
