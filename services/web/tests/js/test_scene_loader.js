import assert from "node:assert/strict";
import { test } from "node:test";
import { SceneLoader } from "../../bokeh_web/static/frame/scene/scene_loader.js";
import { fakeServer, lineModels } from "./support.js";

const NOTE = {
  title: "A line",
  token: "bkv_1",
  scene: "/ada/plots/p/scene",
  columns: "/ada/data/columns",
  sizes: { "hash-x": 8, "old-y": 8 },
  live: false,
  refine: 0,
};

/** @param {Partial<typeof NOTE>} changes of the note */
async function load(changes) {
  const { request } = fakeServer(() => JSON.stringify(lineModels().scene));
  /** @type {string[][]} */
  const fetched = [];
  const columns = {
    fetch: async (/** @type {string[]} */ hashes) => {
      fetched.push(hashes);
      return new Map();
    },
  };
  const loaded = await new SceneLoader({ ...NOTE, ...changes }, request, /** @type {any} */ (columns)).load();
  return { loaded, fetched };
}

test("the columns of a publication do not wait for the scene", async () => {
  const { loaded, fetched } = await load({});
  assert.deepEqual(fetched, [["hash-x", "old-y"]]);
  assert.deepEqual(loaded.scene, lineModels().scene);
  assert.equal(loaded.windows, null);
});

test("of live data, the columns that the scene names are loaded", async () => {
  const { fetched } = await load({ live: true });
  assert.deepEqual(fetched, [["hash-x", "hash-y"]]);
});
