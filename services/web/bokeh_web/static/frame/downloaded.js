// The script of a downloaded page, which contains the scene and the columns and needs no server.

import { readJson } from "./note.js";
import { PageChannel } from "./page_channel.js";
import { documentReady, showFailure, showPlot } from "./rendering.js";
import { decodeBase64 } from "./scene/column_codec.js";

/** @returns {import("./scene/columns.js").Columns} */
function readColumns() {
  const elements = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-column]"));
  return new Map([...elements].map((one) => [one.dataset.column ?? "", decodeBase64(one.textContent ?? "")]));
}

async function main() {
  await documentReady();
  const { title } = readJson("note");
  const loaded = { scene: readJson("scene"), columns: readColumns(), windows: null };
  await showPlot(loaded, new PageChannel({ silent: true }), title);
}

main().catch(showFailure);
