// Descriptions of figures for screen readers, since a figure is a canvas.

import { isFigure } from "./view_state.js";

const MAX_LENGTH = 1000; // characters
const OWN_PREFIX = "bokeh-cloud-"; // of renderers that windows add

/**
 * Return the description of a figure: its title, the labels of its axes, and the number of its series.
 * @param {BokehJS.Figure} figure
 */
function figureLabel({ title, below = [], left = [], renderers = [] }) {
  const labels = [...below, ...left].map((axis) => axis.axis_label);
  const series = renderers.filter(({ glyph, id }) => glyph && !id.startsWith(OWN_PREFIX)).length;
  const text = typeof title === "string" ? title : title?.text;
  return [text, ...labels, series && `${series} series`]
    .filter((part) => part && typeof part !== "object")
    .join(", ");
}

/**
 * Describe a root of a document.
 * @param {HTMLElement} element in which it is drawn
 * @param {BokehJS.Model} root
 * @param {string} title of the plot
 */
export function describeRoot(element, root, title) {
  const labels = [...root.references()].filter(isFigure).map(figureLabel).filter(Boolean);
  element.setAttribute("role", "figure");
  element.setAttribute("aria-label", [title, ...labels].join("; ").slice(0, MAX_LENGTH));
}
