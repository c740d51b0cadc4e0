// Reports the size of the figures to the parent page, which gives the frame that size.

/** @typedef {import("../page_channel.js").PageChannel} PageChannel */

/** Values of `sizing_mode` with which a figure takes the width that it gets. */
const STRETCHED = new Set(["stretch_width", "stretch_both", "scale_width", "scale_both"]);

/**
 * Tell whether some part of a document takes the width that it gets, so that it has none of its own.
 * @param {Iterable<object>} models
 */
export function isStretched(models) {
  for (const model of models) {
    const { sizing_mode: mode, width_policy: policy } = /** @type {Record<string, unknown>} */ (model);
    if (STRETCHED.has(String(mode)) || policy === "max") return true;
  }
  return false;
}

/**
 * Report the size of the figures to the parent page, now and whenever it changes. There is a width only if it
 * does not depend on that of the frame.
 * @param {BokehJS.Document} doc
 * @param {PageChannel} channel
 */
export function reportSize(doc, channel) {
  const models = doc.roots().flatMap((root) => [...root.references()]);
  const children = [...document.querySelectorAll("[data-root-id] > *")];
  const report = () => {
    const boxes = children.map((child) => child.getBoundingClientRect());
    const height = Math.ceil(Math.max(0, ...boxes.map((box) => box.bottom + window.scrollY)));
    const right = Math.ceil(Math.max(0, ...boxes.map((box) => box.right + window.scrollX)));
    channel.sendToAny("height", isStretched(models) ? { height } : { height, width: right });
  };
  report();
  const observer = new ResizeObserver(report);
  for (const child of children) observer.observe(child);
}
