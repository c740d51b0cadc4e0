// Reads server-sent events: blocks of "field: value" lines, each followed by an empty line.

/** @typedef {{ event?: string, id?: string, data?: string, retry?: string }} ServerEvent */

/**
 * Parse the complete events at the beginning of a text.
 * @param {string} text
 * @returns {{ events: ServerEvent[], rest: string }}
 */
export function splitEvents(text) {
  const blocks = text.split("\n\n");
  const rest = blocks.pop() ?? "";
  return { events: blocks.map(parseEvent), rest };
}

/**
 * @param {string} block
 * @returns {ServerEvent}
 */
const parseEvent = (block) => Object.fromEntries(block.split("\n").map((line) => line.split(/: ?(.*)/s, 2)));

/**
 * Yield the events of a response until it ends.
 * @param {Response} response
 * @param {() => void} [onBytes] is called whenever something has arrived
 */
export async function* readEvents(response, onBytes) {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    onBytes?.();
    const { events, rest } = splitEvents(text + value);
    text = rest;
    yield* events;
  }
}
