import assert from "node:assert/strict";
import { test } from "node:test";
import { blobOfDataUrl } from "../../bokeh_web/static/frame/view/file_downloads.js";
import { formatSize, readFile } from "../../bokeh_web/static/site/file_offer.js";

const DATA = new ArrayBuffer(3);

test("names of files have no characters that make them look like others", () => {
  for (const [name, shown] of [
    ["table.csv", "table.csv"],
    ["größe 1.csv", "größe 1.csv"],
    ["a/../b\\c", "a .. b c"],
    ["fdp.\u202Ecsv", "fdp. csv"],
    ["a\n\0b", "a b"],
    ["", "file"],
    ["\u2066", "file"],
    [`${"x".repeat(500)}.csv`, `${"x".repeat(96)}.csv`],
  ])
    assert.equal(readFile({ name, data: DATA })?.name, shown);
});

test("messages that are no files are ignored", () => {
  for (const message of [
    {},
    { name: "a" },
    { name: 5, data: DATA },
    { name: "a", data: "text" },
    { data: DATA },
  ])
    assert.equal(readFile(message), null);
});

test("sizes are written with two digits", () => {
  const sizes = [0, 999, 1000, 12_345, 1_234_567, 234_567_890];
  assert.deepEqual(sizes.map(formatSize), ["0 bytes", "999 bytes", "1.0 KB", "12 KB", "1.2 MB", "235 MB"]);
});

test("data URLs have the content that RFC 2397 says", async () => {
  for (const [url, text] of [
    ["data:text/csv,a%2Cb%0A1,2", "a,b\n1,2"],
    ["data:text/csv;charset=utf-8,%C3%A4", "ä"],
    ["data:text/csv;base64,YSxi", "a,b"],
    ["data:,x", "x"],
  ])
    assert.equal(await blobOfDataUrl(url)?.text(), text);
  for (const url of ["https://x/", "data:text/csv", "data:,%", "data:;base64,!", "blob:null/1"])
    assert.equal(blobOfDataUrl(url), null);
});
