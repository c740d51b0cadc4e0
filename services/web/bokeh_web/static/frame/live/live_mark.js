// The mark that shows the state of a live page: on the plot page, or in a corner of the plot elsewhere.

const TICK = 1000; // milliseconds

/** Shows a `LiveStatus`. */
export class LiveMark {
  /**
   * @param {import("./live_status.js").LiveStatus} status
   * @param {import("../page_channel.js").PageChannel} channel
   */
  constructor(status, channel) {
    this.status = status;
    this.channel = channel;
    this.shown = "";
  }

  /** Show the state now and every second. */
  start() {
    setInterval(() => document.hidden || this.show(), TICK);
    this.show();
  }

  /** Show the state, if it reads differently. */
  show() {
    const now = Date.now();
    const state = this.status.isSilent(now) ? "silent" : this.status.connection;
    const text = this.status.describe(now);
    if (text === this.shown) return;
    this.shown = text;
    document.documentElement.dataset.live = state;
    if (!this.channel.hosted) return this.#showHere(state, text);
    document.querySelector("[data-live-mark]")?.remove(); // from before the page said that it shows it
    this.channel.send("live", { state, text });
  }

  /**
   * @param {string} state
   * @param {string} text
   */
  #showHere(state, text) {
    const mark = /** @type {HTMLElement} */ (document.querySelector("[data-live-mark]") ?? addMark());
    mark.dataset.liveMark = state;
    mark.title = text;
    mark.textContent = state === "live" ? "" : text;
  }
}

function addMark() {
  const mark = document.createElement("p");
  mark.className = "live-mark";
  mark.dataset.liveMark = "";
  mark.setAttribute("role", "status");
  document.body.append(mark);
  return mark;
}
