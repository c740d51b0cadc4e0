// Reads properties of models in a scene. Bokeh leaves properties that have their default out of its JSON, and
// writes numbers that JSON lacks, and properties that may be columns, as objects.

import { entriesOf } from "./scene_graph.js";

/** @typedef {import("../scene/scene.js").SceneModel} SceneModel */
/** @typedef {{ field: string } | { value: unknown }} Spec a column, or one value for all rows */

/** @param {string} field */
const column = (field) => ({ type: "field", field });

const FIGURE = { width: 600, frame_width: null, window_axis: "none" };
const LINE = { x: column("x"), y: column("y") };
const AREA = { x: column("x"), y1: column("y1"), y2: column("y2") };

/**
 * The defaults of the properties that windows depend on. `client/tests/test_defaults.py` compares them with
 * those of Bokeh.
 * @type {Record<string, Record<string, unknown>>}
 */
export const DEFAULTS = {
  Figure: FIGURE,
  Plot: FIGURE,
  Toolbar: { tools: [] },
  Range1d: { start: 0, end: 1 },
  Selection: { indices: [], line_indices: [] },
  GlyphRenderer: { x_range_name: "default", y_range_name: "default" },
  Line: LINE,
  Step: LINE,
  VArea: AREA,
  VAreaStep: AREA,
};

/** @type {Record<string, number>} */
const NON_FINITE = { nan: Number.NaN, inf: Infinity, "+inf": Infinity, "-inf": -Infinity };

/** @param {unknown} value */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Return a property of a model, or its default; undefined if it is absent and its default is not known.
 * @param {SceneModel | undefined} model
 * @param {string} name
 * @returns {any}
 */
export function propertyOf(model, name) {
  const { attributes = {} } = model ?? {};
  return Object.hasOwn(attributes, name) ? attributes[name] : DEFAULTS[model?.name ?? ""]?.[name];
}

/**
 * Return the number that a value stands for; NaN if it is not a number.
 * @param {any} value
 * @returns {number}
 */
export function numberOf(value) {
  if (typeof value === "number") return value;
  return value?.type === "number" ? (NON_FINITE[value.value] ?? numberOf(value.value)) : Number.NaN;
}

/**
 * Return what a property that may be a column stands for, or null if it is computed or not understood.
 * @param {any} value
 * @returns {Spec | null}
 */
export function specOf(value) {
  if (!isObject(value) || value.type === "number") return { value };
  const { type, units, transform, ...members } = value.type === "map" ? mapMembers(value) : value;
  const [[name, content] = [], ...others] = Object.entries(members);
  if ((transform ?? null) !== null || others.length) return null;
  if (name === "field") return typeof content === "string" ? { field: content } : null;
  return name === "value" ? { value: content } : null;
}

/** @param {any} map */
const mapMembers = (map) => Object.fromEntries(entriesOf(map));

/**
 * Tell whether a value is made of numbers, strings and null only, so that it is the same for all rows.
 * @param {any} value
 * @returns {boolean}
 */
export function isConstant(value) {
  if (Array.isArray(value)) return value.every(isConstant);
  if (!isObject(value)) return true;
  const spec = specOf(value);
  return value.type === "number" || (spec !== null && "value" in spec && isConstant(spec.value));
}
