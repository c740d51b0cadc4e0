// Which rows of a live source a page has, and what it does with a change.

/**
 * @typedef {object} Position of a version of a source
 * @property {number} version
 * @property {number} lineage the version since which rows were only appended, and dropped at the beginning
 * @property {number} end the number of rows since then
 * @property {number} rows how many of them there are
 */
/** @typedef {[number, number, number, number, ...unknown[]]} PositionList as it is sent */

/**
 * @typedef {object} SourceChange an item of an event
 * @property {string[]} models ids of the models of the source
 * @property {PositionList} position after the change
 * @property {{ start: number, columns: import("./encoded_rows.js").EncodedColumns }} [rows] appended ones
 * @property {number} [since] the version that `patches` change
 * @property {import("./encoded_rows.js").EncodedColumns} [patches] changed values
 * @property {import("../scene/scene.js").Entries} [columns] as in the scene
 */

/**
 * @param {PositionList} list
 * @returns {Position}
 */
export const positionOf = ([version, lineage, end, rows]) => ({ version, lineage, end, rows });

/**
 * Return how many of the appended rows a page has already; null if it cannot append the others, since it lacks
 * rows before them.
 * @param {Position} at what the page has
 * @param {Position} next
 * @param {number} start the number of the first appended row
 */
export function rowsToSkip(at, next, start) {
  if (at.lineage !== next.lineage) return null;
  const hasAll = at.end >= start || start === next.end - next.rows;
  return hasAll ? Math.max(0, at.end - start) : null;
}

/**
 * Return the positions in the header of a scene, by the ids of models, and when the sources were last changed.
 * @param {Headers} headers
 * @returns {{ positions: Map<string, Position>, modified: number | undefined }}
 */
export function positionsIn(headers) {
  /** @type {Record<string, PositionList>} */
  const found = JSON.parse(headers.get("Bokeh-Cloud-Live") ?? "{}");
  const lists = Object.entries(found);
  const times = lists.map(([, list]) => Date.parse(String(list[4]))).filter(Number.isFinite);
  return {
    positions: new Map(lists.map(([id, list]) => [id, positionOf(list)])),
    modified: times.length ? Math.max(...times) : undefined,
  };
}
