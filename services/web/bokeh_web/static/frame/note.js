// The note in the HTML of a frame, in which the server says what to load from where.

/**
 * @typedef {object} Note of a frame
 * @property {string} title
 * @property {string} token the view token
 * @property {string} scene URL of the scene
 * @property {string} columns URL of the columns of the plot's owner
 * @property {Record<string, number>} sizes bytes of each column of the publication, by hash
 * @property {boolean} live whether there are live sources
 * @property {number} refine minimum rows of columns that are drawn from windows; 0 turns windows off
 * @property {string} [events] URL of live updates; absent if the URL names a version
 * @property {string} [state] where live updates continue
 */

/**
 * Return the content of a JSON script element.
 * @param {string} id
 * @returns {any} what the server has written there
 */
export function readJson(id) {
  return JSON.parse(document.getElementById(id)?.textContent ?? "null");
}

/** @returns {Note} */
export const readNote = () => readJson("note");
