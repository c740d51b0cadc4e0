// Keeps a visible plot up to date: new data are put into the document, and a new version reloads the frame
// with the same zoom.

import { statusOf } from "../scene/requests.js";
import { backoff, RETRY } from "./backoff.js";
import { readEvents } from "./event_stream.js";

/**
 * @typedef {object} Actions
 * @property {() => Promise<void>} data
 * @property {(version?: number) => Promise<void>} version loads the frame again
 * @property {() => void} gone is called when the plot is deleted or no longer accessible
 */

const GONE = [403, 404, 410]; // the plot is deleted or no longer accessible, so requests end
const HOST_WAIT = 5000; // milliseconds for the page around to say that it is a plot page
const HOST_POLL = 50; // milliseconds

/** @param {number} milliseconds */
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const becomeVisible = async () => {
  if (!document.hidden) return;
  await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
};

/** Listens to the events of a plot. */
export class LiveUpdates {
  /**
   * @param {{ url: string, state: string }} events where they are, and since which state
   * @param {import("../scene/requests.js").Request} request
   * @param {import("../page_channel.js").PageChannel} channel
   * @param {Actions} actions
   */
  constructor({ url, state }, request, channel, actions) {
    this.url = url;
    this.state = state;
    this.request = request;
    this.channel = channel;
    this.actions = actions;
    this.failures = 0;
  }

  /** Listen until the plot is deleted or no longer accessible. */
  async run() {
    await this.#waitForHost();
    while (true) {
      await becomeVisible();
      const stop = new AbortController();
      const hide = () => document.hidden && stop.abort();
      document.addEventListener("visibilitychange", hide);
      const pause = await this.#attempt(stop.signal);
      document.removeEventListener("visibilitychange", hide);
      if (pause === null) return;
      if (!stop.signal.aborted) await sleep(pause);
    }
  }

  // A plot page introduces itself soon after the plot is rendered, other pages do not. No event is missed
  // meanwhile.
  async #waitForHost() {
    for (let waited = 0; !this.channel.mayWait && waited < HOST_WAIT; waited += HOST_POLL)
      await sleep(HOST_POLL);
  }

  /**
   * Listen once.
   * @param {AbortSignal} signal
   * @returns {Promise<number | null>} milliseconds until the next attempt; null if there is none
   */
  async #attempt(signal) {
    try {
      const pause = await this.#listen(signal);
      this.failures = 0;
      return pause;
    } catch (error) {
      const status = statusOf(error) ?? 0;
      if (GONE.includes(status)) {
        this.actions.gone();
        return null;
      }
      const pause = signal.aborted ? RETRY : backoff(this.failures++);
      if (status === 401) await this.actions.version();
      return pause;
    }
  }

  /**
   * Listen until the stream ends.
   * @param {AbortSignal} signal
   * @returns {Promise<number>} milliseconds until the next attempt
   */
  async #listen(signal) {
    let pause = RETRY;
    // A page with many frames would run out of connections, so there they poll.
    const query = new URLSearchParams({ since: this.state, wait: this.channel.mayWait ? "1" : "0" });
    const response = await this.request(`${this.url}?${query}`, { signal });
    for await (const event of readEvents(response)) {
      if (event.retry) pause = Number(event.retry);
      await this.#handle(event);
      if (event.id) this.state = event.id; // after it was handled, so that one that fails is sent again
    }
    return pause;
  }

  /** @param {import("./event_stream.js").ServerEvent} event */
  async #handle({ event, data }) {
    if (event === "data") await this.actions.data();
    if (event === "version") await this.actions.version(JSON.parse(data ?? "{}").version);
  }
}
