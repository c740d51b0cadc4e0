// Puts changes of live sources into the document, so that zoom and selection stay.

import { Assembler } from "../scene/assembler.js";
import { columnHashes, sourceEntries } from "../scene/scene.js";
import { dropRows, fitAll, numbersOf, patchEvent, streamEvent } from "./encoded_rows.js";
import { areEqual, changesOf, fingerprintsOf } from "./source_changes.js";
import { positionOf, rowsToSkip } from "./source_positions.js";

/** @typedef {import("../scene/scene.js").Scene} Scene */
/** @typedef {import("../scene/scene.js").Entries} Entries */
/** @typedef {import("../scene/scene_loader.js").FetchedScene} FetchedScene */
/** @typedef {import("./source_changes.js").Fingerprints} Fingerprints */
/** @typedef {import("./source_positions.js").Position} Position */
/** @typedef {import("./source_positions.js").SourceChange} SourceChange */
/** @typedef {import("../plot.js").Plot} Plot */

/** The live sources of a scene. */
export class LiveData {
  /**
   * @param {import("../scene/columns.js").ColumnStore} columns
   * @param {Scene} scene before it is assembled
   * @param {Map<string, Position>} [positions] of the sources, by the ids of their models
   */
  constructor(columns, scene, positions = new Map()) {
    this.columns = columns;
    this.known = new Map([...sourceEntries(scene)].map(([id, entries]) => [id, fingerprintsOf(entries)]));
    this.positions = new Map(positions);
  }

  /**
   * Show what an event says; load the scene if it does not say enough.
   * @param {Plot} plot
   * @param {SourceChange[] | undefined} changes
   * @param {() => Promise<FetchedScene>} fetchScene
   */
  async apply(plot, changes, fetchScene) {
    let isComplete = changes !== undefined;
    for (const change of changes ?? [])
      for (const id of change.models)
        isComplete =
          isComplete && (!plot.document.get_model_by_id(id) || (await this.#follow(plot, id, change)));
    if (isComplete) return;
    const { scene, positions } = await fetchScene();
    await this.update(plot, scene);
    this.positions = new Map(positions);
  }

  /**
   * Show the data of a newer scene.
   * @param {Plot} plot
   * @param {Scene} scene
   */
  async update(plot, scene) {
    for (const [id, entries] of sourceEntries(scene))
      if (plot.document.get_model_by_id(id)) await this.#show(plot, id, entries);
  }

  /**
   * Show a change of a source. Returns false if its columns have to be loaded.
   * @param {Plot} plot
   * @param {string} id of the model
   * @param {SourceChange} change
   */
  async #follow(plot, id, change) {
    const at = this.positions.get(id);
    const next = positionOf(change.position);
    if (!at) return false;
    if (at.version >= next.version) return true;
    const isShown =
      (await this.#append(plot, id, change, at, next)) || (await this.#replaceIn(plot, id, change));
    if (isShown) this.positions.set(id, next);
    return isShown;
  }

  /**
   * Append the rows of a change, or change single values.
   * @param {Plot} plot
   * @param {string} id of the model
   * @param {SourceChange} change
   * @param {Position} at
   * @param {Position} next
   */
  async #append(plot, id, change, at, next) {
    const { rows, patches, since } = change;
    const skip = rows ? rowsToSkip(at, next, rows.start) : null;
    const follow = plot.windowsOf(id);
    if (follow) return skip !== null && this.#followWindows(follow, id, change);
    const source = /** @type {BokehJS.ColumnDataSource} */ (plot.document.get_model_by_id(id));
    if (rows && skip !== null && fitAll(source.data, rows.columns, at.rows, true)) {
      if (at.rows > next.rows) dropRows(source, next.rows - (next.end - rows.start - skip));
      return this.#patch(plot, id, rows.columns, streamEvent(id, rows.columns, skip, next.rows));
    }
    if (patches && since === at.version && fitAll(source.data, patches, at.rows, false))
      return this.#patch(plot, id, patches, patchEvent(id, patches));
    return false;
  }

  /**
   * @param {import("../windows/windows.js").Follow} follow
   * @param {string} id of the model
   * @param {SourceChange} change
   */
  #followWindows(follow, id, { rows, columns }) {
    if (!rows || !columns) return false;
    follow(columns, (name) => numbersOf(rows.columns[name]));
    this.known.set(id, fingerprintsOf(columns));
    return true;
  }

  /**
   * @param {Plot} plot
   * @param {string} id of the model
   * @param {object} columns that change, by name
   * @param {import("./encoded_rows.js").Patch} patch
   */
  async #patch(plot, id, columns, { event, buffers }) {
    await plot.viewState.whileFollowing(async () => {
      plot.document.apply_json_patch({ events: [event] }, buffers);
    });
    // Nothing is known of the hashes of these columns now.
    const known = this.known.get(id);
    for (const name of Object.keys(columns)) known?.set(name, "");
    return true;
  }

  /**
   * Load the columns that a change names.
   * @param {Plot} plot
   * @param {string} id of the model
   * @param {SourceChange} change
   */
  async #replaceIn(plot, id, { columns }) {
    if (!columns) return false;
    await this.#show(plot, id, structuredClone(columns));
    return true;
  }

  /**
   * @param {Plot} plot
   * @param {string} id of the model
   * @param {Entries} entries of its data
   */
  async #show(plot, id, entries) {
    const before = this.known.get(id);
    const after = fingerprintsOf(entries);
    if (!before || areEqual(before, after)) return;
    const reload = plot.reloadOf(id) ?? (() => this.#replace(plot.document, id, entries, before));
    await plot.viewState.whileFollowing(() => reload(entries));
    this.known.set(id, after);
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
