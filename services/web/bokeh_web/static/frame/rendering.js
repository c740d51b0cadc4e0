// Renders a scene with BokehJS in the body of the frame.

import { Plot } from "./plot.js";
import { Assembler } from "./scene/assembler.js";
import { describeRoot } from "./view/accessibility.js";
import { reportSize } from "./view/frame_size.js";

/** @typedef {import("./page_channel.js").PageChannel} PageChannel */
/** @typedef {import("./scene/scene_loader.js").Loaded} Loaded */

const mark = (/** @type {string} */ name) => performance.mark(`bokeh-cloud:${name}`);

/**
 * Add the element of all roots. Like the elements of the roots it has no box, so that figures are laid out as
 * if they were children of the body.
 * @param {string} title
 */
function addMain(title) {
  const heading = document.createElement("h1");
  heading.className = "unseen";
  heading.textContent = title;
  const main = document.createElement("main");
  main.style.display = "contents";
  main.append(heading);
  document.body.append(main);
  return main;
}

/**
 * Add the element of a root.
 * @param {HTMLElement} main
 * @param {BokehJS.Model} root
 * @param {string} title
 */
function addRoot(main, root, title) {
  const element = document.createElement("div");
  element.dataset.rootId = root.id;
  element.style.display = "contents";
  main.append(element);
  describeRoot(element, root, title);
  return element;
}

/** @param {BokehJS.Document} doc */
const untilIdle = (doc) =>
  new Promise((resolve) => (doc.is_idle ? resolve(null) : doc.idle.connect(() => resolve(null))));

/** How long a plot may go on drawing before it counts as ready, such as while tiles do not come. */
const DRAWING_MILLISECONDS = 5000;

const untilTimeout = () => new Promise((resolve) => setTimeout(resolve, DRAWING_MILLISECONDS));

/**
 * Tell BokehJS that roots which are not drawn, such as those with the state of Panel, are idle. It waits for them.
 * @param {BokehJS.Document} doc
 * @param {Iterable<BokehJS.View>} views of the roots
 */
function notifyUndrawn(doc, views) {
  const drawn = new Set([...views].map((view) => view.model));
  for (const root of doc.roots()) if (!drawn.has(root)) doc.notify_idle(root);
}

/**
 * Make the document of a scene, which is modified.
 * @param {Loaded} loaded
 */
function makeDocument({ scene, columns }) {
  mark("loaded");
  const assembler = new Assembler(columns);
  const json = assembler.assemble(scene);
  const { Document } = Bokeh.require("document");
  const doc = Document.from_json(json, [], assembler.buffers);
  mark("decoded");
  return doc;
}

/**
 * Render a scene.
 * @param {Loaded} loaded
 * @param {PageChannel} channel
 * @param {string} title of the plot
 */
export async function showPlot(loaded, channel, title) {
  const doc = makeDocument(loaded);
  const idle = untilIdle(doc);
  const main = addMain(title);
  const elements = doc.roots().map((root) => addRoot(main, root, title));
  const views = await Bokeh.embed.add_document_standalone(doc, document.body, elements);
  notifyUndrawn(doc, views);
  await Promise.race([idle, untilTimeout()]);
  const plot = new Plot(doc, views, channel, loaded.windows);
  plot.followWindows();
  mark("ready");
  document.documentElement.dataset.state = "ready";
  reportSize(doc, channel);
  plot.connect();
  return plot;
}

/**
 * Show an error message in place of the plot.
 * @param {unknown} error
 */
export function showFailure(error) {
  console.error(error);
  const main = document.createElement("main");
  main.className = "failure";
  main.setAttribute("role", "alert");
  main.innerHTML = '<h1>This plot could not be shown</h1><p></p><p><a href="">Try again</a></p>';
  const text = /** @type {HTMLElement} */ (main.querySelector("p"));
  text.textContent = String(error instanceof Error ? error.message : error);
  const link = /** @type {HTMLAnchorElement} */ (main.querySelector("a"));
  link.href = location.href.split("#")[0];
  document.body.prepend(main);
  document.documentElement.dataset.state = "failed";
}

/** Wait until BokehJS and the body have loaded. */
export const documentReady = () =>
  new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));
