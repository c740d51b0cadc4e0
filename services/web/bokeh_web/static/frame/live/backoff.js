// Exponential backoff of requests.

export const FIRST_PAUSE = 500; // milliseconds
const MAX_PAUSE = 2000; // milliseconds, so that a page returns within 3 seconds after the server

/**
 * Return the pause after a failure in milliseconds. It doubles with each failure, and has 50 % jitter, so
 * that clients do not return to a restarted server all at once.
 * @param {number} failures in a row before this one
 * @param {() => number} random
 */
export const backoff = (failures, random = Math.random) =>
  Math.min(MAX_PAUSE, FIRST_PAUSE * 2 ** failures) * (0.5 + random());
