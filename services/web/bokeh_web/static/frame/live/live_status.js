// What a live page knows of its data: whether it is connected, and when rows came.

/** @typedef {"live" | "reconnecting" | "ended" | "deleted"} Connection */

const MAX_INTERVALS = 20; // of which the usual one is the median
const MIN_INTERVALS = 3;
const SILENCE = 10; // a source is silent if it says nothing for so many times its usual interval
const MIN_SILENCE = 5000; // milliseconds

const UNITS = /** @type {const} */ ([
  ["d", 86400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
]);

/**
 * Return a duration in its largest unit.
 * @param {number} milliseconds
 */
export function formatDuration(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [unit, size] = UNITS.find(([, length]) => seconds >= length) ?? ["s", 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}

/**
 * Return an interval in its largest unit, or as a fraction of a second.
 * @param {number} milliseconds
 */
const formatInterval = (milliseconds) =>
  milliseconds < 1000 ? `${Number((milliseconds / 1000).toPrecision(1))} s` : formatDuration(milliseconds);

/** The state of a live page; times are in milliseconds since 1970. */
export class LiveStatus {
  /** @param {number | undefined} modified when the data were last changed */
  constructor(modified) {
    /** @type {Connection} */
    this.connection = "live";
    /** @type {number | undefined} */
    this.lost = undefined;
    this.modified = modified;
    /** @type {number[]} */
    this.intervals = [];
  }

  /** @param {number} now when the server answered */
  connected(now) {
    if (this.connection === "reconnecting" && this.lost !== undefined && now > this.lost)
      this.lost = undefined;
    if (this.connection === "reconnecting") this.connection = "live";
  }

  /** @param {number} now when the server did not answer */
  disconnected(now) {
    if (this.connection === "reconnecting") return;
    this.connection = "reconnecting";
    this.lost = now;
  }

  /** @param {number} now when rows came */
  changed(now) {
    if (this.modified !== undefined && now > this.modified)
      this.intervals = [...this.intervals, now - this.modified].slice(-MAX_INTERVALS);
    this.modified = now;
  }

  /** The usual interval between changes; undefined if it is not known. */
  get interval() {
    if (this.intervals.length < MIN_INTERVALS) return undefined;
    return [...this.intervals].sort((a, b) => a - b)[Math.floor(this.intervals.length / 2)];
  }

  /** @param {number} now */
  isSilent(now) {
    const { interval, modified } = this;
    if (interval === undefined || modified === undefined) return false;
    return now - modified > Math.max(SILENCE * interval, MIN_SILENCE);
  }

  /**
   * Return what visitors read.
   * @param {number} now
   */
  describe(now) {
    if (this.connection === "deleted") return "Deleted";
    if (this.connection === "ended") return "Ended: its data source was deleted";
    if (this.connection === "reconnecting")
      return `Reconnecting since ${new Date(this.lost ?? now).toLocaleTimeString()}`;
    if (this.modified === undefined) return "Live";
    const age = formatDuration(now - this.modified);
    if (!this.isSilent(now)) return `Live, last change ${age === "0 s" ? "now" : `${age} ago`}`;
    return `Silent: no change for ${age}, usually every ${formatInterval(this.interval ?? 0)}`;
  }
}
