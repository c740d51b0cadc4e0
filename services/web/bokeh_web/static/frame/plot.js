// A rendered plot: its document, its view, and the requests of the parent page.

import { fragmentOfView, viewOfFragment } from "../common/view_codec.js";
import { drawableViews, renderImage } from "./view/plot_images.js";
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
  }

  /** Listen to the parent page, and apply the view in the frame's own URL, if the embedding page gave one. */
  connect() {
    const { channel } = this;
    const ready = () => channel.send("ready");
    channel.listen({
      hello: ready,
      host: () => {
        channel.hosted = true;
      },
      look: ({ view }) => this.viewState.apply(String(view)),
      draw: ({ kind }) => this.#sendImage(/** @type {ImageKind} */ (kind)),
    });
    const view = viewOfFragment(location.hash);
    if (view) this.viewState.apply(view);
    ready();
  }

  /** @param {ImageKind} kind */
  async #sendImage(kind) {
    try {
      const data = await renderImage(this.views, kind);
      this.channel.send("picture", { kind, data }, data instanceof ArrayBuffer ? [data] : []);
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
