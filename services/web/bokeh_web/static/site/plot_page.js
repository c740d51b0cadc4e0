// The script of the plot page: keeps the view of the plot in the URL, saves images that the frame draws, and
// adjusts the height of the frame.

import { fragmentOfView, isView, viewOfFragment } from "../common/view_codec.js";
import { FileOffer, readFile } from "./file_offer.js";
import { FrameChannel } from "./frame_channel.js";
import { FrameSize } from "./frame_size.js";
import { MEDIA_TYPES, PictureRequests } from "./picture_requests.js";
import { storeThumbnail } from "./thumbnails.js";

/** @typedef {import("../common/messages.js").Message} Message */

const REVOKE_AFTER = 60000; // milliseconds, when the download has started

const frame = /** @type {HTMLIFrameElement} */ (document.querySelector("iframe.plot-frame"));
const link = /** @type {HTMLInputElement | null} */ (document.getElementById("link"));
const embedCode = /** @type {HTMLInputElement | null} */ (document.getElementById("embed-frame"));
const status = document.querySelector("[data-draw-status]");
const drawButtons = /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-draw]"));
const channel = new FrameChannel(frame);
const pictures = new PictureRequests(
  (name, message) => channel.send(name, message),
  () => navigator.userActivation?.isActive ?? false, // a click in the frame counts for the page around it
);

const fileOffer = new FileOffer(
  /** @type {HTMLElement} */ (document.querySelector("[data-file-offer]")),
  ({ name, data }) => save(name, data, "application/octet-stream"),
);

/** @param {string} text */
function setStatus(text) {
  if (status) status.textContent = text;
}

/**
 * @param {string} name
 * @param {BlobPart} data
 * @param {string} type
 */
function save(name, data, type) {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(new Blob([data], { type }));
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), REVOKE_AFTER);
}

/**
 * Store the thumbnail. Only the owner's page requests one.
 * @param {ArrayBuffer} data
 */
async function keepThumbnail(data) {
  const { plot = "", version = "", picture: token = "" } = frame.dataset;
  frame.dataset.pictured = (await storeThumbnail(plot, version, token, data)) ? "yes" : "no";
}

const frameSize = new FrameSize(frame, /** @type {HTMLElement} */ (frame.parentElement));

/** @param {Message} message */
function onHeight(message) {
  frameSize.report(message);
  if (!embedCode) return;
  const { width, height } = frameSize;
  if (height) embedCode.value = embedCode.value.replace(/ height="\d+"/, ` height="${height}"`);
  if (width) embedCode.value = embedCode.value.replace(/ width="[^"]+"/, ` width="${width}"`);
}

function onReady() {
  const view = viewOfFragment(location.hash);
  channel.send("host");
  if (view) channel.send("look", { view });
  if (frame.dataset.picture) pictures.ask("thumbnail");
  for (const button of drawButtons) button.hidden = false;
}

/**
 * Reload the frame: there is a new version, or the view token has expired. The frame keeps its height
 * meanwhile.
 * @param {Message} message
 */
function onOutdated({ version }) {
  if (Number.isSafeInteger(version)) frame.dataset.version = String(version);
  for (const place of document.querySelectorAll("[data-newest]"))
    place.textContent = frame.dataset.version ?? "";
  frame.src = frame.getAttribute("src") ?? "";
}

/** Say that the plot was deleted, or is no longer shared. */
function onGone() {
  const notice = /** @type {HTMLElement} */ (document.querySelector("[data-gone]"));
  notice.hidden = false;
}

/** Show when the live data of the plot changed. */
function onChanged() {
  const place = /** @type {HTMLElement} */ (document.querySelector("[data-changed]"));
  place.textContent = `Data changed at ${new Date().toLocaleTimeString()}`;
  place.hidden = false;
}

/**
 * Show the state of the live data.
 * @param {Message} message
 */
function onLive({ state, text }) {
  const place = /** @type {HTMLElement} */ (document.querySelector("[data-live]"));
  if (typeof state !== "string" || typeof text !== "string") return;
  place.dataset.live = state;
  place.textContent = text;
  place.hidden = false;
}

/** @param {Message} message */
function onView({ view }) {
  if (!isView(view)) return;
  const fragment = fragmentOfView(view);
  history.replaceState(null, "", location.href.split("#")[0] + fragment);
  if (link) link.value = link.value.split("#")[0] + fragment;
}

/** @param {Message} message */
function onPicture(message) {
  const picture = pictures.take(message);
  if (!picture) return;
  const { kind, format, data } = picture;
  if (kind !== "thumbnail") save(`${frame.dataset.name}.${format}`, data, MEDIA_TYPES[format]);
  else if (data instanceof ArrayBuffer) keepThumbnail(data);
  setStatus("");
}

/** @param {Message} message */
function onUndrawn({ kind }) {
  if (pictures.forget(kind) && kind !== "thumbnail") setStatus("This plot cannot be drawn as a picture.");
}

/** @param {Message} message */
function onFile(message) {
  const file = readFile(message);
  if (file) fileOffer.show(file);
}

channel.listen({
  changed: onChanged,
  gone: onGone,
  file: onFile,
  height: onHeight,
  live: onLive,
  ready: onReady,
  outdated: onOutdated,
  view: onView,
  picture: onPicture,
  save: () => pictures.askForTool(),
  undrawn: onUndrawn,
});
window.addEventListener("hashchange", () =>
  channel.send("look", { view: viewOfFragment(location.hash) ?? "" }),
);
for (const button of drawButtons)
  button.addEventListener("click", () => {
    setStatus("Drawing …");
    pictures.ask(button.dataset.draw ?? "");
  });
channel.send("hello"); // a frame that is ready already answers
