// Draws long columns from windows of them.

import { statusOf } from "../scene/requests.js";
import { isStretched } from "../scene/scene.js";
import { widthOf } from "./figures.js";
import { needWhole, oversample } from "./window.js";
import { planWindows } from "./window_planner.js";
import { WindowRequests } from "./window_requests.js";
import { viewportOf } from "./window_viewport.js";
import { WindowedColumns } from "./windowed_columns.js";

/** @typedef {import("../scene/scene.js").Scene} Scene */
/** @typedef {import("../scene/scene.js").Entries} Entries */
/** @typedef {import("./window_planner.js").Plan} Plan */
/** @typedef {(entries: Entries) => Promise<void>} Reload updates a source */
/** @typedef {(entries: Entries, appended: (name: string) => ArrayLike<number>) => void} Follow appended rows */

/** The windows of a scene. */
export class Windows {
  /** @param {WindowedColumns[]} windowed */
  constructor(windowed) {
    /** @type {Map<string, WindowedColumns[]>} by the id of the source in the scene */
    this.bySource = new Map();
    for (const columns of windowed) {
      const { id } = columns.plan.source;
      this.bySource.set(id, [...(this.bySource.get(id) ?? []), columns]);
    }
  }

  /**
   * Put the first windows into the scene.
   * @param {(buffer: ArrayBuffer) => object} refer makes a buffer one of the scene's
   */
  draw(refer) {
    for (const group of this.bySource.values())
      group.forEach((columns, i) => {
        columns.draw(refer, i > 0);
      });
  }

  /**
   * Request other windows when ranges change.
   * @param {BokehJS.Document} document
   * @param {() => void} reloadFrame
   */
  follow(document, reloadFrame) {
    // An expired view token is renewed by reloading the frame.
    const onError = (/** @type {unknown} */ error) => {
      if (statusOf(error) === 401) reloadFrame();
      else console.warn("The plot keeps the detail that it has:", error);
    };
    for (const columns of [...this.bySource.values()].flat())
      columns.follow(document, viewportOf(document, columns.plan), onError);
  }

  /**
   * Return the function that updates a source, or undefined if it is not drawn from windows.
   * @param {string} id of the source
   * @param {() => Promise<void>} reloadFrame
   * @returns {Reload | undefined}
   */
  reloadOf(id, reloadFrame) {
    const group = this.bySource.get(id);
    if (!group) return undefined;
    return async (entries) => {
      try {
        await Promise.all(group.map((columns) => columns.replaceColumns(entries)));
      } catch (error) {
        if (!needWhole(error)) throw error;
        await reloadFrame();
      }
    };
  }

  /**
   * Return the function that follows appended rows, or undefined if a source is not drawn from windows.
   * @param {string} id of the source
   * @param {() => Promise<void>} reloadFrame
   * @returns {Follow | undefined}
   */
  followerOf(id, reloadFrame) {
    const group = this.bySource.get(id);
    if (!group) return undefined;
    const onFailure = (/** @type {unknown} */ error) => {
      if (needWhole(error) || statusOf(error) === 401) reloadFrame();
      else console.warn("The plot keeps the rows that it has:", error);
    };
    return (entries, appended) => {
      try {
        for (const columns of group) columns.appendRows(entries, appended, onFailure);
      } catch (error) {
        onFailure(error);
      }
    };
  }
}

/**
 * Return for how many pixels the first window of a plan is requested; the layout is not known yet.
 * @param {Plan} plan
 * @param {boolean} stretched whether the width of figures depends on the browser window
 */
function firstPixels({ uses }, stretched) {
  const widths = uses.map(({ figure }) => widthOf(figure));
  return oversample(Math.max(...widths, stretched ? innerWidth : 0) * devicePixelRatio);
}

/**
 * Request the first window of columns. Returns false if they have to be loaded whole.
 * @param {WindowedColumns} columns
 * @param {number} pixels
 */
async function open(columns, pixels) {
  try {
    await columns.open(pixels);
    return true;
  } catch (error) {
    // What else the server says, such as an expired token, is true of whole columns, too.
    if (statusOf(error) !== undefined && !needWhole(error)) throw error;
    console.info("Columns are loaded whole:", error);
    return false;
  }
}

/**
 * Return the plans of a scene; none if it is not understood, so that all of its columns are loaded whole.
 * @param {Scene} scene
 * @param {number} minRows
 */
function plansFor(scene, minRows) {
  try {
    return planWindows(scene, minRows);
  } catch (error) {
    console.warn("All columns are loaded whole:", error);
    return [];
  }
}

/**
 * Request the first windows of a scene, and put them into it. All other columns have to be loaded whole.
 * @param {Scene} scene
 * @param {{ request: import("../scene/requests.js").Request, url: string, minRows: number }} options
 */
export async function openWindows(scene, { request, url, minRows }) {
  const requests = new WindowRequests(request, url);
  const stretched = isStretched(scene.roots);
  const plans = plansFor(scene, minRows);
  const windowed = plans.map((plan, i) => new WindowedColumns(plan, `bokeh-cloud-${i}`, requests));
  const opened = await Promise.all(
    windowed.map((columns) => open(columns, firstPixels(columns.plan, stretched))),
  );
  // If one window of a source is impossible, the source is loaded whole.
  const whole = new Set(plans.filter((_, i) => !opened[i]).map(({ source }) => source));
  const windows = new Windows(windowed.filter(({ plan }) => !whole.has(plan.source)));
  /** @type {Map<string, ArrayBuffer>} */
  const buffers = new Map();
  windows.draw((buffer) => {
    const id = `window-${buffers.size}`;
    buffers.set(id, buffer);
    return { type: "bytes", data: { id } };
  });
  return { windows, buffers };
}
