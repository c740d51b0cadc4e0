// BokehJS's save tool: a frame may not start downloads, so the page around it saves the picture.

import { showRemark } from "./remarks.js";

/** @typedef {() => Promise<Blob>} MakePicture */

/** The kinds of pictures that the save tool makes, by their media types. */
const KINDS = new Map([
  ["image/png", "png"],
  ["image/svg+xml", "svg"],
]);

/**
 * Replace what the save tool does when it is clicked.
 * @param {(make: MakePicture) => void} onSave is called with the function that makes the picture
 */
export function replaceSaveTool(onSave) {
  const { prototype } = Bokeh.require("models/tools/actions/save_tool").SaveToolView;
  const original = prototype.doit;
  prototype.doit = function (action = "save") {
    if (action !== "save") return original.call(this, action);
    onSave(() => this.parent.export().to_blob());
  };
}

/**
 * Return the content of a picture, and its kind.
 * @param {Blob} blob
 */
export async function readPicture(blob) {
  const format = KINDS.get(blob.type.split(";")[0]);
  if (format === undefined) throw new TypeError(`a picture of the type ${blob.type}`);
  return { format, data: format === "svg" ? await blob.text() : await blob.arrayBuffer() };
}

/** Say on top of the plot where its pictures and files can be saved, as only pages of the cloud save them. */
export function explainSaving() {
  const page = location.href.split(/[?#]/)[0].replace(/embed$/, "show");
  showRemark("saving", `Pictures and files can be saved at ${page}`);
}
