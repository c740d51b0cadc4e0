// Which tools work without all rows. (A tooltip of a window shows values of real rows.)

import { isModel } from "../scene/scene.js";
import { entriesOf } from "./scene_graph.js";

/** @typedef {import("../scene/scene.js").SceneModel} SceneModel */
/** @typedef {import("./scene_graph.js").SceneGraph} SceneGraph */

const TOOLS = new Set([
  "PanTool",
  "WheelPanTool",
  "WheelZoomTool",
  "BoxZoomTool",
  "ZoomInTool",
  "ZoomOutTool",
  "ClickPanTool",
  "SaveTool",
  "ResetTool",
  "HelpTool",
  "CrosshairTool",
  "UndoTool",
  "RedoTool",
  "FullscreenTool",
  "ExamineTool",
  "RangeTool",
]);

// What a tooltip may show besides columns. `$index` is not among them: it would be the index within the
// window.
const SPECIAL_FIELDS = new Set(["x", "y", "sx", "sy", "data_x", "data_y", "name", "color", "swatch"]);

/**
 * Tell whether a tooltip shows only columns of a window.
 * @param {SceneGraph} graph
 * @param {SceneModel} tool a hover tool
 * @param {string[]} columns
 */
function hovers(graph, { attributes = {} }, columns) {
  const { tooltips, formatters, filters } = attributes;
  if (tooltips !== null && !Array.isArray(tooltips) && typeof tooltips !== "string") return false;
  if (graph.named("CustomJSHover").length || isModel(formatters) || entriesOf(filters).size) return false;
  const fields = JSON.stringify(tooltips ?? "").matchAll(/([@$])(?:\{([^}]*)\}|([\w]+))/g);
  return [...fields].every(([, sign, braced, plain]) => {
    const name = braced ?? plain;
    return sign === "$" ? SPECIAL_FIELDS.has(name) : columns.includes(name);
  });
}

/**
 * Tell whether tools work the same on a window as on all rows.
 * @param {SceneGraph} graph
 * @param {(SceneModel | undefined)[]} tools
 * @param {string[]} columns of the window
 */
export function needNoRows(graph, tools, columns) {
  return tools.every(
    (tool) => tool && (TOOLS.has(tool.name) || (tool.name === "HoverTool" && hovers(graph, tool, columns))),
  );
}
