// A rendered plot: its document, its view, and the requests of the parent page.

import { fragmentOfView, viewOfFragment } from "../common/view_codec.js";
import { openCallbacksInTabs } from "./view/links.js";
import { drawableViews, renderImage } from "./view/plot_images.js";
import { explainSaving, readPicture, replaceSaveTool } from "./view/save_tool.js";
import { ViewState } from "./view/view_state.js";

/** @typedef {import("./page_channel.js").PageChannel} PageChannel */
/** @typedef {import("./windows/windows.js").Windows} Windows */
/** @typedef {import("./view/plot_images.js").ImageKind} ImageKind */

/** A rendered plot. */
export class Plot {
  /**
   * @param {BokehJS.Document} document
   * @param {Iterable<BokehJS.View>} views
   * @param {PageChannel} channel
   * @param {Windows | null} windows
   */
  constructor(document, views, channel, windows) {
    this.document = document;
    this.views = drawableViews(document, views);
    this.channel = channel;
    this.windows = windows;
    this.viewState = new ViewState(document, channel);
    /** @type {import("./view/save_tool.js").MakePicture | null} the picture of the save tool that was clicked */
    this.picture = null;
  }

  /** Listen to the parent page, and apply the view in the frame's own URL, if the embedding page gave one. */
  connect() {
    const { channel } = this;
    const ready = () => channel.send("ready");
    openCallbacksInTabs();
    replaceSaveTool((make) => this.#requestSaving(make));
    channel.listen({
      hello: ready,
      host: () => {
        channel.hosted = true;
      },
      look: ({ view }) => this.viewState.apply(String(view)),
      draw: ({ kind }) => this.#sendImage(/** @type {ImageKind | "tool"} */ (kind)),
    });
    const view = viewOfFragment(location.hash);
    if (view) this.viewState.apply(view);
    ready();
  }

  /**
   * Let the page ask for the picture of a save tool. Pages of other sites do not.
   * @param {import("./view/save_tool.js").MakePicture} make
   */
  #requestSaving(make) {
    this.picture = make;
    if (this.channel.hosted) this.channel.send("save");
    else explainSaving();
  }

  /** @param {ImageKind | "tool"} kind */
  async #makeImage(kind) {
    if (kind !== "tool") return { format: kind, data: await renderImage(this.views, kind) };
    if (!this.picture) throw new Error("no save tool was clicked");
    return readPicture(await this.picture());
  }

  /** @param {ImageKind | "tool"} kind */
  async #sendImage(kind) {
    try {
      const { format, data } = await this.#makeImage(kind);
      this.channel.send("picture", { kind, format, data }, data instanceof ArrayBuffer ? [data] : []);
    } catch {
      this.channel.send("undrawn", { kind });
    }
  }

  /** Request other windows when ranges change. */
  followWindows() {
    this.windows?.follow(this.document, () => this.reload());
  }

  /**
   * Return the function that updates a source, or undefined if its columns are simply replaced.
   * @param {string} id of the source
   */
  reloadOf(id) {
    return this.windows?.reloadOf(id, () => this.reload());
  }

  /**
   * Return the function that follows rows appended to a source, or undefined if they are put into its columns.
   * @param {string} id of the source
   */
  windowsOf(id) {
    return this.windows?.followerOf(id, () => this.reload());
  }

  /**
   * Reload the frame with the same view. A plot page reloads the frame itself, since it has the session, and
   * keeps the view in its URL. On other pages, the frame's own URL keeps it.
   * @param {number} [version] the newest one, if it is known
   */
  async reload(version) {
    const { zoom } = this.viewState;
    if (this.channel.hosted) {
      this.viewState.report(); // without waiting for its debounce
      return this.channel.send("outdated", { version });
    }
    if (zoom) history.replaceState(null, "", fragmentOfView(zoom));
    location.reload();
  }
}
