// Loads a scene and the columns that its figures need.

import { positionsIn } from "../live/source_positions.js";
import { openWindows } from "../windows/windows.js";
import { columnHashes } from "./scene.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./columns.js").Columns} Columns */
/** @typedef {import("../note.js").Note} Note */

/** @typedef {Map<string, import("../live/source_positions.js").Position>} Positions by the ids of models */
/** @typedef {{ scene: Scene, positions: Positions, modified: number | undefined }} FetchedScene */

/**
 * @typedef {object} Loaded
 * @property {Scene} scene
 * @property {Positions} [positions] of its live sources
 * @property {number} [modified] when these were last changed, in milliseconds since 1970
 * @property {Columns} columns
 * @property {import("../windows/windows.js").Windows | null} windows of columns that are not loaded whole
 */

/** Loads what a note says there is. */
export class SceneLoader {
  /**
   * @param {Note} note
   * @param {import("./requests.js").Request} request
   * @param {import("./columns.js").ColumnStore} columns
   */
  constructor(note, request, columns) {
    this.note = note;
    this.request = request;
    this.columns = columns;
  }

  /** @returns {Promise<Loaded>} */
  load() {
    return this.note.refine || this.note.live ? this.#loadNeeded() : this.#loadPublished();
  }

  /** @returns {Promise<FetchedScene>} */
  async fetchScene() {
    const response = await this.request(this.note.scene);
    return { scene: await response.json(), ...positionsIn(response.headers) };
  }

  // The note lists the columns of the publication, so they can be requested together with the scene.
  async #loadPublished() {
    const hashes = Object.keys(this.note.sizes);
    const [fetched, columns] = await Promise.all([this.fetchScene(), this.columns.fetch(hashes)]);
    return { ...fetched, columns, windows: null };
  }

  // Long columns are replaced by windows, and live sources have other columns than at publication, so the
  // scene has to be read first.
  async #loadNeeded() {
    const { scene, ...state } = await this.fetchScene();
    const { refine, columns: url } = this.note;
    const opened = refine ? await openWindows(scene, { url, request: this.request, minRows: refine }) : null;
    const buffers = opened?.buffers ?? new Map();
    const whole = [...columnHashes(scene)].filter((hash) => !buffers.has(hash));
    const columns = new Map([...(await this.columns.fetch(whole)), ...buffers]);
    return { scene, ...state, columns, windows: opened?.windows ?? null };
  }
}
