// Thumbnails of plots, which frames draw in the browser of the owner.

import { FrameChannel } from "./frame_channel.js";

const TIMEOUT = 20000; // milliseconds
const WIDTH = 800; // pixels of a frame before it is scaled

/**
 * Send a thumbnail to the server, which validates it. Returns whether it was accepted.
 * @param {string} plot id
 * @param {string} version of the plot
 * @param {string} token of the owner's forms
 * @param {ArrayBuffer} data
 */
export async function storeThumbnail(plot, version, token, data) {
  const headers = { "Bokeh-Cloud-Form": token, "Content-Type": "image/png" };
  const url = `/plots/${plot}/thumbnail?version=${version}`;
  return (await fetch(url, { method: "PUT", headers, body: data })).ok;
}

/**
 * Make the frame of a plot, scaled to the width of a card.
 * @param {HTMLElement} card
 * @param {string} sandbox
 */
function makeFrame(card, sandbox) {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", sandbox);
  frame.title = card.dataset.title ?? "";
  frame.tabIndex = -1;
  frame.style.transform = `scale(${card.clientWidth / WIDTH})`;
  frame.src = `/plots/${card.dataset.draws}/embed`;
  return frame;
}

/**
 * Request a thumbnail from a frame.
 * @param {HTMLIFrameElement} frame
 * @returns {Promise<ArrayBuffer>}
 */
function requestThumbnail(frame) {
  const channel = new FrameChannel(frame);
  return new Promise((resolve, reject) => {
    channel.listen({
      ready: () => channel.send("draw", { kind: "thumbnail" }),
      picture: ({ data }) => (data instanceof ArrayBuffer ? resolve(data) : reject()),
      undrawn: () => reject(),
    });
    setTimeout(reject, TIMEOUT);
  });
}

/**
 * Show the stored thumbnail of a plot.
 * @param {HTMLElement} card
 */
async function showThumbnail(card) {
  const { draws: plot, version } = card.dataset;
  const image = new Image();
  image.alt = "";
  image.src = `/plots/${plot}/thumbnail.png?version=${version}`;
  await image.decode();
  card.classList.remove("none");
  card.replaceChildren(image);
}

/**
 * Show a plot in its card until it has drawn its thumbnail.
 * @param {HTMLElement} card
 * @param {DOMStringMap} list token of forms and sandbox of frames
 */
async function drawThumbnail(card, { form = "", sandbox = "" }) {
  const { draws: plot = "", version = "" } = card.dataset;
  const frame = makeFrame(card, sandbox);
  card.append(frame);
  try {
    if (await storeThumbnail(plot, version, form, await requestThumbnail(frame))) await showThumbnail(card);
  } finally {
    frame.remove();
  }
}

/**
 * Draw the thumbnails that a list lacks, one after the other.
 * @param {HTMLElement} list
 */
export async function drawThumbnails(list) {
  const cards = /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("[data-draws]"));
  for (const card of cards) await drawThumbnail(card, list.dataset).catch(() => {});
}
