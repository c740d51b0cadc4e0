// Differences of a data source between two states of a scene.

/** @typedef {import("../scene/scene.js").Entries} Entries */
/** @typedef {Map<string, string>} Fingerprints of columns, by name */

/**
 * Return a fingerprint of each column: the JSON of its hash and type.
 * @param {Entries} entries
 * @returns {Fingerprints}
 */
export const fingerprintsOf = (entries) =>
  new Map(entries.map(([name, value]) => [name, JSON.stringify(value)]));

/**
 * Tell whether two states of a source are equal.
 * @param {Fingerprints} before
 * @param {Fingerprints} after
 */
export const areEqual = (before, after) => JSON.stringify([...before]) === JSON.stringify([...after]);

/**
 * Return the columns to replace: all, with `names` null, if the set of columns has changed.
 * @param {Fingerprints} before
 * @param {Entries} entries
 * @returns {{ changed: Entries, names: string[] | null }}
 */
export function changesOf(before, entries) {
  const sameNames = entries.length === before.size && entries.every(([name]) => before.has(name));
  if (!sameNames) return { changed: entries, names: null };
  const changed = entries.filter(([name, value]) => before.get(name) !== JSON.stringify(value));
  return { changed, names: changed.map(([name]) => name) };
}
