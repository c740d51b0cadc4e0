// Loads a scene and the columns that its figures need.

import { openWindows } from "../windows/windows.js";
import { columnHashes } from "./scene.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./columns.js").Columns} Columns */
/** @typedef {import("../note.js").Note} Note */

/**
 * @typedef {object} Loaded
 * @property {Scene} scene
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

  /** @returns {Promise<Scene>} */
  async fetchScene() {
    return (await this.request(this.note.scene)).json();
  }

  // The note lists the columns of the publication, so they can be requested together with the scene.
  async #loadPublished() {
    const hashes = Object.keys(this.note.sizes);
    const [scene, columns] = await Promise.all([this.fetchScene(), this.columns.fetch(hashes)]);
    return { scene, columns, windows: null };
  }

  // Long columns are replaced by windows, and live sources have other columns than at publication, so the
  // scene has to be read first.
  async #loadNeeded() {
    const scene = await this.fetchScene();
    const { refine, columns: url } = this.note;
    const opened = refine ? await openWindows(scene, { url, request: this.request, minRows: refine }) : null;
    const buffers = opened?.buffers ?? new Map();
    const whole = [...columnHashes(scene)].filter((hash) => !buffers.has(hash));
    const columns = new Map([...(await this.columns.fetch(whole)), ...buffers]);
    return { scene, columns, windows: opened?.windows ?? null };
  }
}
