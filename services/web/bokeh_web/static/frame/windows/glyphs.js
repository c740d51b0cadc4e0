// Which glyphs look the same when drawn from a window, and which columns they use.

import { isConstant, propertyOf, specOf } from "./properties.js";

/** @typedef {import("../scene/scene.js").SceneModel} SceneModel */
/** @typedef {{ x: string, ys: string[] }} Fields names of columns */

/**
 * The properties of each glyph that may be columns, besides x.
 * @type {Record<string, string[]>}
 */
const Y_PROPERTIES = { Line: ["y"], Step: ["y"], VArea: ["y1", "y2"], VAreaStep: ["y1", "y2"] };

/**
 * Return the columns that a glyph uses, or null if it cannot be drawn from a window.
 * @param {SceneModel} glyph
 * @returns {Fields | null}
 */
export function fieldsOf(glyph) {
  if (!Object.hasOwn(Y_PROPERTIES, glyph.name)) return null;
  const { x: _, y: _y, y1: _y1, y2: _y2, ...others } = glyph.attributes ?? {};
  if (!Object.values(others).every(isConstant)) return null;
  const [x, ...ys] = ["x", ...Y_PROPERTIES[glyph.name]].map((name) => columnOf(propertyOf(glyph, name)));
  const columns = ys.filter((name) => name !== "");
  return x && columns.length && !ys.includes(null) ? { x, ys: /** @type {string[]} */ (columns) } : null;
}

/**
 * Return the name of the column that a coordinate is; "" if it is one number, and null if it is neither.
 * @param {unknown} coordinate
 */
function columnOf(coordinate) {
  const spec = specOf(coordinate);
  if (!spec) return null;
  if ("field" in spec) return spec.field;
  return isConstant(spec.value) ? "" : null;
}
