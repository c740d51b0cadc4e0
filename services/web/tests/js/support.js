// What tests share: scenes, columns, and a server that is none.

/** @typedef {import("../../bokeh_web/static/frame/scene/scene.js").SceneModel} SceneModel */

/**
 * @param {string} name
 * @param {string} id
 * @param {import("../../bokeh_web/static/frame/scene/scene.js").Attributes} attributes
 * @returns {SceneModel & { attributes: Record<string, any> }}
 */
export const model = (name, id, attributes = {}) => ({ type: "object", name, id, attributes });

/**
 * Return a column as it stands in a scene.
 * @param {string} hash
 * @param {number} length
 */
export const column = (hash, length = 1000, dtype = "float64") => ({
  type: "ndarray",
  array: { type: "bytes", data: { id: hash } },
  dtype,
  shape: [length],
  order: "little",
});

/**
 * Return the columns of a source as they stand in a scene.
 * @param {Record<string, unknown>} columns
 */
export const mapOf = (columns) => ({ type: "map", entries: Object.entries(columns) });

/** @param {string} name */
export const field = (name) => ({ type: "field", field: name });

/** Return the models of a figure with one line, by what they are. */
export function lineModels() {
  const source = model("ColumnDataSource", "source", {
    data: mapOf({ x: column("hash-x"), y: column("hash-y") }),
  });
  const glyph = model("Line", "glyph", { x: field("x"), y: field("y"), line_color: "red" });
  const view = model("CDSView", "view", { filter: model("AllIndices", "filter") });
  const renderer = model("GlyphRenderer", "renderer", { data_source: source, glyph, view });
  const tools = [model("PanTool", "pan"), model("WheelZoomTool", "zoom")];
  const figure = model("Figure", "figure", {
    x_range: model("DataRange1d", "x-range"),
    y_range: model("DataRange1d", "y-range"),
    x_scale: model("LinearScale", "x-scale"),
    y_scale: model("LinearScale", "y-scale"),
    renderers: [renderer],
    toolbar: model("Toolbar", "toolbar", { tools }),
    width: 400,
  });
  return { source, glyph, view, renderer, tools, figure, scene: { roots: [figure] } };
}

/**
 * Return a packed column.
 * @param {unknown} value
 * @param {Uint8Array[]} buffers
 * @returns {ArrayBuffer}
 */
export function packed(value, buffers) {
  const header = new TextEncoder().encode(
    JSON.stringify({ value, buffers: buffers.map((one) => one.length) }),
  );
  const padded = buffers.map((one) => Math.ceil(one.length / 8) * 8);
  const data = new Uint8Array(4 + header.length + padded.reduce((sum, size) => sum + size, 0));
  new DataView(data.buffer).setUint32(0, header.length, true);
  data.set(header, 4);
  let offset = 4 + header.length;
  buffers.forEach((one, i) => {
    data.set(one, offset);
    offset += padded[i];
  });
  return data.buffer;
}

/**
 * Return the answer of the server to a request for a window.
 * @param {Record<string, number[]>} columns by hash
 * @param {string} kind
 */
export function windowAnswer(columns, kind = "exact") {
  const names = Object.keys(columns);
  const described = names.map((hash, i) => [hash, { array: { data: { id: i } }, dtype: "float64" }]);
  const buffers = names.map((hash) => new Uint8Array(new Float64Array(columns[hash]).buffer));
  return packed({ kind, columns: Object.fromEntries(described) }, buffers);
}

/**
 * Return a function that answers requests, and what it was asked for.
 * @param {(url: URL, options?: RequestInit) => BodyInit} answer
 */
export function fakeServer(answer) {
  /** @type {{ url: string, options?: RequestInit }[]} */
  const requests = [];
  /** @type {import("../../bokeh_web/static/frame/scene/requests.js").Request} */
  const request = async (url, options) => {
    requests.push({ url, options });
    return new Response(answer(new URL(url, "http://cloud"), options));
  };
  return { request, requests };
}
