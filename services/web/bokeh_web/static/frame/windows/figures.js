// The figure in which a renderer is drawn, and its ranges.

import { numberOf, propertyOf } from "./properties.js";
import { entriesOf } from "./scene_graph.js";

/** @typedef {import("../scene/scene.js").SceneModel} SceneModel */
/** @typedef {import("../scene/scene.js").Attributes} Attributes */
/** @typedef {import("./scene_graph.js").SceneGraph} SceneGraph */

/**
 * @typedef {object} Place where a renderer is drawn
 * @property {SceneModel & { attributes: Attributes }} figure
 * @property {SceneModel} range of x
 * @property {boolean} isLogarithmic whether y is
 */

const RANGE_ATTRIBUTES = new Set([
  "start",
  "end",
  "name",
  "tags",
  "range_padding",
  "range_padding_units",
  "flipped",
  "default_span",
  "bounds",
  "min_interval",
  "max_interval",
  "reset_start",
  "reset_end",
]);

const SCALES = ["LinearScale", "LogScale"];

// Models that may refer to a renderer besides its figure.
const OTHER_OWNERS = ["LegendItem", "HoverTool"];

/**
 * Tell whether a model has no other attributes than these.
 * @param {Attributes} attributes
 * @param {Set<string>} allowed
 */
export const hasOnly = (attributes, allowed) => Object.keys(attributes).every((name) => allowed.has(name));

/**
 * Tell whether a range is numeric and has neither callbacks nor a list of renderers that it follows.
 * @param {SceneModel | undefined} range
 * @returns {range is SceneModel}
 */
const isNumeric = (range) =>
  range !== undefined &&
  ["Range1d", "DataRange1d"].includes(range.name) &&
  hasOnly(range.attributes ?? {}, RANGE_ATTRIBUTES);

/**
 * Return the figure of a renderer, or undefined if there are several, or other models depend on the renderer.
 * @param {SceneGraph} graph
 * @param {SceneModel} renderer
 */
function figureOf(graph, renderer) {
  const owners = graph.ownersOf(renderer);
  const figures = owners.filter((owner) => owner && ["Figure", "Plot"].includes(owner.name));
  const others = owners.filter((owner) => !figures.includes(owner));
  if (figures.length !== 1 || !others.every((owner) => owner && OTHER_OWNERS.includes(owner.name)))
    return undefined;
  return others.some((owner) => owner?.attributes?.label?.field) ? undefined : figures[0];
}

/**
 * Return the class of a scale.
 * @param {SceneGraph} graph
 * @param {unknown} scale
 */
const scaleName = (graph, scale) => (scale ? graph.model(scale)?.name : "LinearScale");

/**
 * Return the range and the scale of y that a renderer is drawn with. An extra range without a scale has that of
 * the figure.
 * @param {SceneGraph} graph
 * @param {Attributes} attributes of the figure
 * @param {string} name of the range
 */
function yAxis(graph, { y_range, y_scale, extra_y_ranges, extra_y_scales }, name) {
  const isExtra = name !== "default";
  const extraScale = isExtra ? entriesOf(extra_y_scales).get(name) : undefined;
  return {
    range: graph.model(isExtra ? entriesOf(extra_y_ranges).get(name) : y_range),
    scale: scaleName(graph, extraScale ?? y_scale),
  };
}

/**
 * Tell whether a logarithmic range follows the data, which BokehJS does with positive values only.
 * @param {SceneModel} range
 * @param {string | undefined} scale
 */
const followsLogarithms = (range, scale) => range.name === "DataRange1d" && scale === "LogScale";

/**
 * Return where a renderer is drawn, or null if windows are impossible there.
 * @param {SceneGraph} graph
 * @param {SceneModel} renderer
 * @param {string} yRangeName
 * @returns {Place | null}
 */
export function placeOf(graph, renderer, yRangeName) {
  const figure = figureOf(graph, renderer);
  if (!figure?.attributes) return null;
  const { attributes } = figure;
  const range = graph.model(attributes.x_range);
  const y = yAxis(graph, attributes, yRangeName);
  if (scaleName(graph, attributes.x_scale) !== "LinearScale" || !SCALES.includes(y.scale ?? "")) return null;
  if (!isNumeric(range) || !isNumeric(y.range) || followsLogarithms(y.range, y.scale)) return null;
  if (propertyOf(figure, "window_axis") !== "none" || !Array.isArray(attributes.renderers)) return null;
  return { figure: /** @type {Place["figure"]} */ (figure), range, isLogarithmic: y.scale === "LogScale" };
}

/**
 * Return the tools of a figure; undefined stands for one that is not understood.
 * @param {SceneGraph} graph
 * @param {SceneModel} figure
 */
export function toolsOf(graph, figure) {
  const tools = propertyOf(graph.model(figure.attributes?.toolbar), "tools") ?? [];
  return Array.isArray(tools) ? tools.map((tool) => graph.model(tool)) : [undefined];
}

/**
 * Return the width of a figure in pixels, as far as the scene tells it.
 * @param {SceneModel} figure
 */
export function widthOf(figure) {
  const widths = ["width", "frame_width"].map((name) => numberOf(propertyOf(figure, name)));
  return Math.max(...widths.filter(Number.isFinite), 1);
}

/**
 * Return the ends of a range in ascending order; null if they are unknown, or do not span anything.
 * @param {SceneModel} range of fixed ends
 * @returns {[number, number] | null}
 */
export function endsOf(range) {
  const ends = ["start", "end"].map((name) => numberOf(propertyOf(range, name)));
  const [low, high] = ends.sort((a, b) => a - b);
  return low < high && Number.isFinite(high - low) ? [low, high] : null;
}
