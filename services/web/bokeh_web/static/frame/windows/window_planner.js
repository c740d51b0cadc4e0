// Decides which data sources of a scene are drawn from windows. The planner reads the scene's JSON, and
// decides against windows for a source as a whole if anything might need single rows.

import { isNumberType } from "../scene/column_codec.js";
import { hasOnly, placeOf, toolsOf } from "./figures.js";
import { fieldsOf } from "./glyphs.js";
import { propertyOf } from "./properties.js";
import { entriesOf, SceneGraph } from "./scene_graph.js";
import { needNoRows } from "./tools.js";

/** @typedef {import("../scene/scene.js").SceneModel} SceneModel */
/** @typedef {import("../scene/scene.js").Scene} Scene */
/** @typedef {import("./figures.js").Place} Place */

/** @typedef {{ name: string, hash: string }} Column */
/** @typedef {{ renderer: SceneModel, x: string, ys: string[], yRangeName: string } & Place} Use of a source */

/**
 * @typedef {object} Plan for drawing columns of a source from windows, in all figures with one x range
 * @property {SceneModel} source
 * @property {Column[]} columns x is the first
 * @property {Use[]} uses
 * @property {SceneModel} range of x
 */

const SOURCE_ATTRIBUTES = new Set(["data", "name", "tags", "selected", "selection_policy"]);
const GLYPHS = ["glyph", "nonselection_glyph", "selection_glyph", "hover_glyph", "muted_glyph"];
const RANGE_NAMES = ["x_range_name", "y_range_name"];
const RENDERER_ATTRIBUTES = new Set([
  ...GLYPHS,
  "data_source",
  "view",
  "muted",
  "visible",
  "level",
  "name",
  "tags",
  ...RANGE_NAMES,
]);

/** @param {unknown[]} values */
const areEqual = (values) => values.every((value) => value === values[0]);

/**
 * @template T
 * @param {(T | null)[]} values
 * @returns {T[] | null} null if any value is null
 */
const allOrNull = (values) => (values.includes(null) ? null : /** @type {T[]} */ (values));

class WindowPlanner {
  /**
   * @param {Scene} scene
   * @param {number} minRows
   */
  constructor(scene, minRows) {
    this.graph = new SceneGraph(scene);
    this.minRows = minRows;
  }

  /** @returns {Plan[]} */
  plan() {
    if (this.graph.named("CustomJS").length) return [];
    return this.graph.named("ColumnDataSource").flatMap((source) => this.#plansOf(source));
  }

  /**
   * Return the plans of a source, one for each x range, since an overview needs other windows than a detail, and
   * for the columns of each line, since each line needs other rows. Returns none if one of them is impossible.
   * @param {SceneModel} source
   * @returns {Plan[]}
   */
  #plansOf(source) {
    const attributes = source.attributes ?? {};
    if (!hasOnly(attributes, SOURCE_ATTRIBUTES) || this.#isSelected(attributes.selected)) return [];
    const uses = allOrNull(this.graph.ownersOf(source).map((owner) => this.#useBy(owner)));
    if (!uses) return [];
    /** @type {Map<string, Use[]>} */
    const groups = new Map();
    for (const use of uses) {
      const key = JSON.stringify([use.range.id, use.x, ...[...use.ys].sort()]);
      groups.set(key, [...(groups.get(key) ?? []), use]);
    }
    return allOrNull([...groups.values()].map((group) => this.#planFor(source, group))) ?? [];
  }

  /**
   * Tell whether rows are selected.
   * @param {unknown} value a selection
   */
  #isSelected(value) {
    const selection = this.graph.model(value);
    const selected = ["indices", "line_indices"].map((name) => propertyOf(selection, name) ?? []);
    return selected.some((indices) => !Array.isArray(indices) || indices.length > 0);
  }

  /**
   * @param {SceneModel} source
   * @param {Use[]} uses of the same columns
   * @returns {Plan | null}
   */
  #planFor(source, uses) {
    const [{ range, x, ys }] = uses;
    const data = entriesOf(source.attributes?.data);
    const names = [...new Set([x, ...ys])];
    const columns = allOrNull(names.map((name) => this.#columnOf(name, data.get(name))));
    if (!columns || !areEqual(names.map((name) => data.get(name).shape[0]))) return null;
    return { source, columns, uses, range };
  }

  /**
   * @param {string} name
   * @param {any} value
   * @returns {Column | null}
   */
  #columnOf(name, value) {
    if (value?.type !== "ndarray" || value.order === "big" || !isNumberType(value.dtype)) return null;
    const isLong = value.shape?.length === 1 && value.shape[0] >= this.minRows;
    const hash = value.array?.data?.id;
    return isLong && typeof hash === "string" ? { name, hash } : null;
  }

  /**
   * Return how a renderer uses its source, or null if windows are impossible.
   * @param {SceneModel | undefined} renderer
   * @returns {Use | null}
   */
  #useBy(renderer) {
    if (renderer?.name !== "GlyphRenderer") return null;
    const { attributes = {} } = renderer;
    if (!hasOnly(attributes, RENDERER_ATTRIBUTES)) return null;
    const [xRangeName, yRangeName] = RANGE_NAMES.map((name) => propertyOf(renderer, name));
    if (xRangeName !== "default") return null;
    const fields = this.#isPlainView(attributes.view) ? this.#fieldsOf(attributes) : null;
    const place = placeOf(this.graph, renderer, yRangeName);
    if (!fields || !place) return null;
    if (!needNoRows(this.graph, toolsOf(this.graph, place.figure), [fields.x, ...fields.ys])) return null;
    return { renderer, ...fields, yRangeName, ...place };
  }

  /**
   * Return the columns that the glyphs of a renderer use.
   * @param {import("../scene/scene.js").Attributes} attributes of the renderer
   */
  #fieldsOf(attributes) {
    const glyphs = GLYPHS.map((name) => this.graph.model(attributes[name])).filter(
      (glyph) => glyph !== undefined,
    );
    const fields = allOrNull(glyphs.map(fieldsOf));
    if (!fields?.length || !areEqual(fields.map(({ x }) => x))) return null;
    return { x: fields[0].x, ys: [...new Set(fields.flatMap(({ ys }) => ys))] };
  }

  /**
   * Tell whether a view of a source shows all of its rows.
   * @param {unknown} view
   */
  #isPlainView(view) {
    const { filter, ...others } = this.graph.attributes(view);
    return Object.keys(others).length === 0 && (!filter || this.graph.model(filter)?.name === "AllIndices");
  }
}

/**
 * Return the plans for all sources of a scene that can be drawn from windows.
 * @param {Scene} scene
 * @param {number} minRows shorter columns are loaded whole
 */
export const planWindows = (scene, minRows) => new WindowPlanner(scene, minRows).plan();
