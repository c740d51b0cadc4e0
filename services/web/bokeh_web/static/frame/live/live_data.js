// Puts new data of live sources into the document, so that zoom and selection stay.

import { Assembler } from "../scene/assembler.js";
import { columnHashes, sourceEntries } from "../scene/scene.js";
import { areEqual, changesOf, fingerprintsOf } from "./source_changes.js";

/** @typedef {import("../scene/scene.js").Scene} Scene */
/** @typedef {import("../scene/scene.js").Entries} Entries */
/** @typedef {import("./source_changes.js").Fingerprints} Fingerprints */
/** @typedef {import("../plot.js").Plot} Plot */

/** The live sources of a scene. */
export class LiveData {
  /**
   * @param {import("../scene/columns.js").ColumnStore} columns
   * @param {Scene} scene before it is assembled
   */
  constructor(columns, scene) {
    this.columns = columns;
    this.known = new Map([...sourceEntries(scene)].map(([id, entries]) => [id, fingerprintsOf(entries)]));
  }

  /**
   * Show the data of a newer scene.
   * @param {Plot} plot
   * @param {Scene} scene
   */
  async update(plot, scene) {
    for (const [id, entries] of sourceEntries(scene)) {
      const before = this.known.get(id);
      const after = fingerprintsOf(entries);
      if (!before || !plot.document.get_model_by_id(id) || areEqual(before, after)) continue;
      const reload = plot.reloadOf(id) ?? (() => this.#replace(plot.document, id, entries, before));
      await plot.viewState.whileFollowing(() => reload(entries));
      this.known.set(id, after);
    }
  }

  /**
   * @param {BokehJS.Document} document
   * @param {string} id of the source
   * @param {Entries} entries
   * @param {Fingerprints} before
   */
  async #replace(document, id, entries, before) {
    const { changed, names } = changesOf(before, entries);
    const assembler = new Assembler(await this.columns.fetch([...columnHashes(changed)]));
    const data = { type: "map", entries: assembler.assemble(changed) };
    const event = { kind: "ColumnDataChanged", model: { id }, attr: "data", data, cols: names };
    document.apply_json_patch({ events: [event] }, assembler.buffers);
  }
}
