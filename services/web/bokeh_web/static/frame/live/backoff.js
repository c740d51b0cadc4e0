// Exponential backoff of requests.

export const RETRY = 3000; // milliseconds
const MAX_PAUSE = 60000; // milliseconds

/**
 * Return the pause after a failure in milliseconds. It doubles with each failure, and has 50 % jitter, so
 * that clients do not return to a restarted server all at once.
 * @param {number} failures in a row before this one
 * @param {() => number} random
 */
export const backoff = (failures, random = Math.random) =>
  Math.min(MAX_PAUSE, RETRY * 2 ** failures) * (0.5 + random());
