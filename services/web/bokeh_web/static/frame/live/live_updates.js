// Keeps a visible plot up to date: new data are put into the document, and a new version reloads the frame
// with the same zoom.

import { statusOf } from "../scene/requests.js";
import { backoff } from "./backoff.js";
import { readEvents } from "./event_stream.js";

/**
 * @typedef {object} Actions
 * @property {(changes?: import("./source_positions.js").SourceChange[]) => Promise<void>} data
 * @property {(version?: number) => Promise<void>} version loads the frame again
 * @property {() => void} gone is called when the plot is deleted or no longer accessible
 * @property {(isConnected: boolean) => void} connection
 */

const GONE = [403, 404, 410]; // the plot is deleted or no longer accessible, so requests end
const HOST_WAIT = 5000; // milliseconds for the page around to say that it is a plot page
const HOST_POLL = 50; // milliseconds
const POLL = 10000; // milliseconds, unless the server says otherwise
const SILENCE = 15000; // milliseconds without a byte, after which a connection counts as lost

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
      const pause = await this.#attempt(stop);
      document.removeEventListener("visibilitychange", hide);
      if (pause === null) return;
      if (!document.hidden) await sleep(pause);
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
   * @param {AbortController} stop
   * @returns {Promise<number | null>} milliseconds until the next attempt; null if there is none
   */
  async #attempt(stop) {
    try {
      return await this.#listen(stop);
    } catch (error) {
      if (document.hidden) return 0;
      const status = statusOf(error) ?? 0;
      if (GONE.includes(status)) {
        this.actions.gone();
        return null;
      }
      this.actions.connection(false);
      const pause = backoff(this.failures++);
      if (status === 401) await this.actions.version();
      return pause;
    }
  }

  /**
   * Listen until the stream ends.
   * @param {AbortController} stop
   * @returns {Promise<number>} milliseconds until the next attempt
   */
  async #listen(stop) {
    let pause = POLL;
    const { mayWait } = this.channel;
    // A page with many frames would run out of connections, so there they poll.
    const query = new URLSearchParams({ since: this.state, wait: mayWait ? "1" : "0" });
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const onBytes = () => {
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(), SILENCE);
    };
    try {
      onBytes();
      const response = await this.request(`${this.url}?${query}`, { signal: stop.signal });
      this.actions.connection(true);
      for await (const event of readEvents(response, onBytes)) {
        clearTimeout(timer); // while it is handled
        if (event.retry) pause = Number(event.retry);
        await this.#handle(event);
        if (event.id) this.state = event.id; // after it was handled, so that one that fails is sent again
        this.failures = 0;
        onBytes();
      }
    } finally {
      clearTimeout(timer);
    }
    return mayWait ? backoff(this.failures++) : pause;
  }

  /** @param {import("./event_stream.js").ServerEvent} event */
  async #handle({ event, data }) {
    const message = JSON.parse(data ?? "{}");
    if (event === "data") await this.actions.data(message.sources);
    if (event === "version") await this.actions.version(message.version);
  }
}
