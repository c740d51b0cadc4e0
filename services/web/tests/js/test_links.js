import assert from "node:assert/strict";
import { test } from "node:test";
import { linkTarget } from "../../bokeh_web/static/frame/view/links.js";

const BASE = "https://cloud.example.com/plots/x/embed?share=y";

for (const [href, found] of [
  ["https://example.org/a?b#c", "https://example.org/a?b#c"],
  ["//example.org/", "https://example.org/"],
  ["show", "https://cloud.example.com/plots/x/show"],
  ["HTTP://example.org", "http://example.org/"],
  ["javascript:alert(1)", ""],
  [" jAvascript:alert(1)", ""],
  ["data:text/html,x", ""],
  ["blob:https://example.org/1", ""],
  ["mailto:ada@example.org", ""],
  ["https://", ""],
]) {
  test(`the target of ${href}`, () => assert.equal(linkTarget(href, BASE)?.href ?? "", found));
}
