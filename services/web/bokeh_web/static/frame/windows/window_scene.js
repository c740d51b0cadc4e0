// Replaces columns in a scene by windows of them.

import { dtypeOf } from "../scene/column_codec.js";

/** @typedef {import("../scene/column_codec.js").NumberArray} NumberArray */
/** @typedef {import("../scene/scene.js").SceneModel} SceneModel */
/** @typedef {import("../scene/scene.js").Attributes} Attributes */
/** @typedef {import("./window_planner.js").Plan} Plan */
/** @typedef {{ x: import("./window.js").Extent, y: import("./window.js").Extent }} Extents */

/**
 * @param {string} name of the class
 * @param {string} id
 * @param {Attributes} attributes
 * @returns {SceneModel}
 */
const model = (name, id, attributes) => ({ type: "object", name, id, attributes });

/** @param {object} columns by name */
const mapOf = (columns) => ({ type: "map", entries: Object.entries(columns) });

/**
 * Return the id of the source of an extent renderer.
 * @param {string} id of the windowed columns
 * @param {number} index of the use
 */
export const extentSourceId = (id, index) => `${id}-${index}-source`;

/**
 * Make an invisible renderer of the extents of all rows. Ranges that follow the data thus include all rows,
 * whatever window is drawn, without changes to BokehJS.
 * @param {string} id of the windowed columns
 * @param {number} index of the use
 * @param {string} yRangeName
 * @param {Extents} extents
 */
export function extentRenderer(id, index, yRangeName, extents) {
  const field = (/** @type {string} */ name) => ({ type: "field", field: name });
  return model("GlyphRenderer", `${id}-${index}-renderer`, {
    data_source: model("ColumnDataSource", extentSourceId(id, index), { data: mapOf(extents) }),
    glyph: model("Scatter", `${id}-${index}-glyph`, { x: field("x"), y: field("y") }),
    view: model("CDSView", `${id}-${index}-view`, {
      filter: model("AllIndices", `${id}-${index}-filter`, {}),
    }),
    y_range_name: yRangeName,
    visible: false,
  });
}

/**
 * Put columns into the source of a plan.
 * @param {Plan} plan
 * @param {Map<string, NumberArray>} columns by name
 * @param {(buffer: ArrayBuffer) => object} refer makes a buffer one of the scene's
 */
export function fillSource({ source }, columns, refer) {
  const entries = [...columns].map(([name, array]) => {
    const bytes = refer(/** @type {ArrayBuffer} */ (array.buffer));
    return [
      name,
      { type: "ndarray", array: bytes, dtype: dtypeOf(array), shape: [array.length], order: "little" },
    ];
  });
  source.attributes = { ...source.attributes, data: { type: "map", entries } };
}

/**
 * Give a plan a source of its own, since figures with another x range draw another window of the original
 * one.
 * @param {Plan} plan
 * @param {string} id of the new source
 */
export function separateSource(plan, id) {
  plan.source = model("ColumnDataSource", id, {});
  plan.uses.forEach(({ renderer }, i) => {
    // The first reference to a model has to define it.
    renderer.attributes = { ...renderer.attributes, data_source: i ? { id } : plan.source };
  });
}
