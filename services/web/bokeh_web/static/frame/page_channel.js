// Messages between the frame and its parent page. The frame's origin is opaque, so they share nothing else.

import { dispatch, messageType } from "../common/messages.js";

/** The frame's end of the channel. */
export class PageChannel {
  /**
   * @param {{ silent?: boolean }} [options] `silent`: do not send anything
   */
  constructor({ silent = false } = {}) {
    this.silent = silent || parent === window;
    /** Whether the parent page is a plot page, which keeps the view in its URL and reloads the frame. */
    this.hosted = false;
  }

  /** Whether the frame is the only one of its page, so that its requests may stay open. */
  get mayWait() {
    return this.hosted || parent === window;
  }

  /**
   * Send a message to the parent page, if it is one of this cloud.
   * @param {string} name
   * @param {import("../common/messages.js").Message} [message]
   * @param {Transferable[]} [transfer]
   */
  send(name, message = {}, transfer = []) {
    this.#post(name, message, location.origin, transfer);
  }

  /**
   * Send a message to the parent page, of whatever origin.
   * @param {string} name
   * @param {import("../common/messages.js").Message} message
   */
  sendToAny(name, message) {
    this.#post(name, message, "*", []);
  }

  /**
   * @param {string} name
   * @param {import("../common/messages.js").Message} message
   * @param {string} origin
   * @param {Transferable[]} transfer
   */
  #post(name, message, origin, transfer) {
    if (!this.silent) parent.postMessage({ type: messageType(name), ...message }, origin, transfer);
  }

  /**
   * Handle messages of the parent page, if it is one of this cloud.
   * @param {import("../common/messages.js").Handlers} handlers
   */
  listen(handlers) {
    window.addEventListener("message", ({ source, origin, data }) => {
      if (source === parent && origin === location.origin) dispatch(handlers, data);
    });
  }
}
