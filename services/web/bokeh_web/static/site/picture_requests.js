// The pictures that a page has asked its frame for. Nothing else that a frame sends is saved.

/** @typedef {import("../common/messages.js").Message} Message */

/** @type {Record<string, string>} */
export const MEDIA_TYPES = { png: "image/png", svg: "image/svg+xml" };

/** What the save tool of a plot has drawn, whatever it is. */
export const TOOL = "tool";

export class PictureRequests {
  /**
   * @param {(name: string, message: Message) => void} send a message to the frame
   * @param {() => boolean} hasClicked whether the visitor has just clicked, on the page or in the frame
   */
  constructor(send, hasClicked) {
    this.send = send;
    this.hasClicked = hasClicked;
    /** @type {Set<string>} */
    this.asked = new Set();
  }

  /**
   * Ask for a picture.
   * @param {string} kind
   */
  ask(kind) {
    this.asked.add(kind);
    this.send("draw", { kind });
  }

  /** Ask for the picture of the save tool, if the frame says so because the visitor has clicked it. */
  askForTool() {
    if (this.hasClicked()) this.ask(TOOL);
  }

  /**
   * Return the picture in a message of the frame; null if it is none that was asked for.
   * @param {Message} message
   */
  take({ kind, format = kind, data }) {
    if (typeof kind !== "string" || !this.asked.delete(kind)) return null;
    const isKnown = kind === TOOL ? typeof format === "string" && Object.hasOwn(MEDIA_TYPES, format) : true;
    if (!isKnown || !(typeof data === "string" || data instanceof ArrayBuffer)) return null;
    return { kind, format: kind === TOOL ? String(format) : kind, data };
  }

  /**
   * Forget a picture that cannot be drawn.
   * @param {unknown} kind
   */
  forget(kind) {
    return this.asked.delete(String(kind));
  }
}
