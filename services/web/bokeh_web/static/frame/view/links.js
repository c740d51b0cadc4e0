// Links of plots open in new tabs: a plot must not replace itself, or the page around it, by another page.

const SCHEMES = new Set(["http:", "https:"]);

/** @typedef {(host: string) => void} OnOpened */

/**
 * Open links in new tabs that know nothing of the plot. Call it before code of the plot runs.
 * @param {OnOpened} onOpened is called when code has opened a tab, with the host: its link was not visible
 */
export function openLinksInTabs(onOpened) {
  const { open } = window;
  window.open = (address = "") => {
    const url = linkTarget(String(address), location.href);
    if (!url || !isClicked()) return null;
    open.call(window, url.href, "_blank", "noopener,noreferrer");
    onOpened(url.host);
    return null;
  };
  addEventListener("click", onClick, true);
}

/** Let callbacks of Bokeh open tabs: `OpenURL(same_tab=True)` would replace the frame. Call it after BokehJS has loaded. */
export function openCallbacksInTabs() {
  const { prototype } = Bokeh.require("models/callbacks/open_url").OpenURL;
  prototype.navigate = (/** @type {string} */ url) => window.open(url);
}

/**
 * Return where a link leads; null if it is not a page on the web.
 * @param {string} href
 * @param {string} base URL of the document
 */
export function linkTarget(href, base) {
  try {
    const url = new URL(href, base);
    return SCHEMES.has(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

/** @param {Event} event */
function onClick(event) {
  const link = event.composedPath().find((target) => target instanceof HTMLAnchorElement);
  if (!link?.hasAttribute("href") || link.hasAttribute("download")) return;
  if (link.href.split("#")[0] === location.href.split("#")[0]) return;
  if (!linkTarget(link.href, location.href) || !isClicked()) return event.preventDefault();
  link.target = "_blank";
  link.rel = "noopener noreferrer";
}

/** Return whether the visitor has just clicked: like browsers, but whatever their settings, code opens nothing without. */
const isClicked = () => navigator.userActivation.isActive;
