import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRequest, RequestError, statusOf } from "../../bokeh_web/static/frame/scene/requests.js";

test("requests carry the view token, and no cookies", async (t) => {
  const fetched = t.mock.method(globalThis, "fetch", async () => new Response("yes"));
  await makeRequest("bkv_1")("/scene", { headers: { Accept: "application/json" } });
  const [url, options] = /** @type {[string, RequestInit]} */ (
    /** @type {unknown} */ (fetched.mock.calls[0].arguments)
  );
  assert.equal(url, "/scene");
  assert.equal(options.credentials, "omit");
  assert.deepEqual(options.headers, { Authorization: "Bearer bkv_1", Accept: "application/json" });
});

test("a problem becomes an error with its detail and status", async (t) => {
  t.mock.method(globalThis, "fetch", async () => Response.json({ detail: "It is gone." }, { status: 410 }));
  await assert.rejects(makeRequest("bkv_1")("/scene"), { message: "It is gone.", status: 410 });
});

test("an error that is no problem says what answered", async (t) => {
  t.mock.method(globalThis, "fetch", async () => new Response("<html>", { status: 502 }));
  await assert.rejects(makeRequest("bkv_1")("/scene"), { message: "/scene answered 502" });
});

test("only errors of responses have a status", () => {
  assert.equal(statusOf(new RequestError("no", 404)), 404);
  assert.equal(statusOf(new TypeError("network")), undefined);
});
