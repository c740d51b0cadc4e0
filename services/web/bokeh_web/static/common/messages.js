// The format of messages between a frame and its parent page.

/** @typedef {Record<string, unknown>} Message */
/** @typedef {Record<string, (message: Message) => void>} Handlers */

const PREFIX = "bokeh-cloud:";

/**
 * Return the `type` of a message, whose prefix distinguishes it from messages of other scripts.
 * @param {string} name
 */
export const messageType = (name) => PREFIX + name;

/**
 * Call the handler of a message, if there is one. Messages come from another origin, so handlers check their
 * members.
 * @param {Handlers} handlers by the names of messages
 * @param {unknown} data of a message event
 */
export function dispatch(handlers, data) {
  const message = /** @type {Message | null | undefined} */ (data);
  const type = message?.type;
  if (!message || typeof type !== "string" || !type.startsWith(PREFIX)) return;
  const name = type.slice(PREFIX.length);
  if (Object.hasOwn(handlers, name)) handlers[name](message);
}
