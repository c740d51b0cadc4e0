// The JSON of a scene: a document of Bokeh in which each array is replaced by the hash of a column.

/** @typedef {Record<string, any>} Attributes of a model: whatever Bokeh writes */
/** @typedef {{ type: "object", name: string, id: string, attributes?: Attributes }} SceneModel */
/** @typedef {{ roots: unknown[], callbacks?: unknown, [name: string]: unknown }} Scene */
/** @typedef {[string, any][]} Entries columns of a data source: names and what stands for their values */

/**
 * Tell whether a part of a scene defines a model. Other parts refer to it by its id.
 * @param {any} value
 * @returns {value is SceneModel}
 */
export const isModel = (value) => value?.type === "object" && typeof value.id === "string";

/**
 * Return the hashes of all columns in a part of a scene.
 * @param {any} value
 * @param {Set<string>} found
 * @returns {Set<string>}
 */
export function columnHashes(value, found = new Set()) {
  if (value === null || typeof value !== "object") return found;
  if (["bytes", "packed"].includes(value.type) && typeof value.data === "object")
    return found.add(value.data.id);
  for (const item of Object.values(value)) columnHashes(item, found);
  return found;
}

/**
 * Return the columns of each data source, by the id of its model.
 * @param {any} value
 * @param {Map<string, Entries>} found
 * @returns {Map<string, Entries>}
 */
export function sourceEntries(value, found = new Map()) {
  if (value === null || typeof value !== "object") return found;
  const entries = value.type === "object" && value.attributes?.data?.entries;
  if (value.id && Array.isArray(entries)) found.set(value.id, entries);
  for (const item of Object.values(value)) sourceEntries(item, found);
  return found;
}

/**
 * Tell whether anything in a scene has a sizing mode, so that its width depends on the browser window.
 * @param {any} value
 * @returns {boolean}
 */
export function isStretched(value) {
  if (value === null || typeof value !== "object") return false;
  return "sizing_mode" in value || Object.values(value).some(isStretched);
}
