// Draws a plot as an image, for downloads and thumbnails.

/** @typedef {"png" | "svg" | "thumbnail"} ImageKind */
/** @typedef {BokehJS.View & { export: NonNullable<BokehJS.View["export"]> }} DrawableView */
/** @typedef {{ width: number, height: number }} Size in pixels */

const THUMBNAIL = { width: 640, height: 400 }; // at most

/**
 * Return the size of an image of layers one below the other, and the factor by which they are scaled.
 * @param {Size[]} layers
 * @param {ImageKind} kind
 */
export function stackLayers(layers, kind) {
  const width = Math.max(...layers.map((layer) => layer.width));
  const height = layers.reduce((sum, layer) => sum + layer.height, 0);
  const scale = kind === "thumbnail" ? Math.min(1, THUMBNAIL.width / width, THUMBNAIL.height / height) : 1;
  return { width: Math.round(width * scale), height: Math.round(height * scale), scale };
}

/**
 * Draw images one below the other, on white.
 * @param {HTMLCanvasElement[]} layers
 * @param {ImageKind} kind
 */
function drawLayers(layers, kind) {
  const { width, height, scale } = stackLayers(layers, kind);
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  let top = 0;
  for (const layer of layers) {
    context.drawImage(layer, 0, top, layer.width * scale, layer.height * scale);
    top += layer.height * scale;
  }
  return canvas;
}

/**
 * Return the content of a PNG file.
 * @param {HTMLCanvasElement} canvas
 */
async function encodePng(canvas) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return /** @type {Blob} */ (blob).arrayBuffer();
}

/**
 * Return an image of all views of a plot. An SVG shows the first one only.
 * @param {DrawableView[]} views
 * @param {ImageKind} kind
 * @returns {Promise<ArrayBuffer | string>}
 */
export async function renderImage(views, kind) {
  if (kind === "svg") return (await views[0].export("svg", false).to_blob()).text();
  const layers = views.map((view) => view.export("png", true).canvas);
  return encodePng(
    drawLayers(
      layers.filter(({ width, height }) => width && height),
      kind,
    ),
  );
}

/**
 * Return the views that can be drawn as images: those of roots.
 * @param {BokehJS.Document} document
 * @param {Iterable<BokehJS.View>} views
 */
export function drawableViews(document, views) {
  const found = [...views].filter((view) => document.roots().includes(view.model) && view.export);
  return /** @type {DrawableView[]} */ (found);
}
