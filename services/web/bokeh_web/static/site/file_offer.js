// Files that the code of a plot makes: the page offers them, and saves one when the visitor clicks it.

/** @typedef {import("../common/messages.js").Message} Message */

export const MAX_FILE_BYTES = 2 ** 28;
const MAX_NAME_LENGTH = 100;

/** @typedef {{ name: string, data: ArrayBuffer }} OfferedFile */

/**
 * Return the file in a message of the frame; null if it is none. Its name has no characters that could make it
 * look like another one.
 * @param {Message} message
 * @returns {OfferedFile | null}
 */
export function readFile({ name, data }) {
  if (typeof name !== "string" || !(data instanceof ArrayBuffer) || data.byteLength > MAX_FILE_BYTES)
    return null;
  const shown = name.replace(/[\p{C}\p{Z}/\\]+/gu, " ").trim();
  return { name: shown.slice(-MAX_NAME_LENGTH) || "file", data };
}

/**
 * Return a size as people read it.
 * @param {number} bytes
 */
export function formatSize(bytes) {
  const units = ["bytes", "KB", "MB"];
  const unit = bytes < 1000 ? 0 : bytes < 1e6 ? 1 : 2;
  const number = bytes / 1000 ** unit;
  return `${unit && number < 10 ? number.toFixed(1) : Math.round(number)} ${units[unit]}`;
}

/** The notice with the file that was offered last. */
export class FileOffer {
  /**
   * @param {HTMLElement} notice
   * @param {(file: OfferedFile) => void} save
   */
  constructor(notice, save) {
    this.notice = notice;
    /** @type {OfferedFile | null} */
    this.file = null;
    this.#on("save", () => this.file && save(this.file));
    this.#on("dismiss", () => {});
  }

  /** @param {OfferedFile | null} file */
  show(file) {
    this.file = file;
    this.#set("name", file?.name ?? "");
    this.#set("size", file ? formatSize(file.data.byteLength) : "");
    this.notice.hidden = file === null;
  }

  /**
   * @param {string} part
   * @param {string} text
   */
  #set(part, text) {
    const element = this.notice.querySelector(`[data-file-${part}]`);
    if (element) element.textContent = text;
  }

  /**
   * @param {string} button
   * @param {() => void} action
   */
  #on(button, action) {
    this.notice.querySelector(`[data-file-${button}]`)?.addEventListener("click", () => {
      action();
      this.show(null);
    });
  }
}
