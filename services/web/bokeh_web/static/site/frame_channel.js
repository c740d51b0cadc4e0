// Messages between a page and the frame of a plot.

import { dispatch, messageType } from "../common/messages.js";

/** The page's end of the channel. */
export class FrameChannel {
  /** @param {HTMLIFrameElement} frame */
  constructor(frame) {
    this.frame = frame;
  }

  /**
   * Send a message to the frame.
   * @param {string} name
   * @param {import("../common/messages.js").Message} [message]
   */
  send(name, message = {}) {
    this.frame.contentWindow?.postMessage({ type: messageType(name), ...message }, "*");
  }

  /**
   * Handle messages of the frame. They are untrusted, since a plot can contain code.
   * @param {import("../common/messages.js").Handlers} handlers
   */
  listen(handlers) {
    window.addEventListener("message", ({ source, data }) => {
      if (source === this.frame.contentWindow) dispatch(handlers, data);
    });
  }
}
