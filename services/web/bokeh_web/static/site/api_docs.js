// The script of the API documentation: shows the OpenAPI description in the colours of the page.

const OPTIONS = [
  "hide-authentication",
  "hide-console",
  "hide-server-selection",
  "hide-components",
  "use-path-in-nav-bar",
];

/**
 * Colours: attributes of the viewer, and custom properties of site.css.
 * @type {Record<string, string>}
 */
const COLOURS = {
  "bg-color": "--paper",
  "text-color": "--ink",
  "primary-color": "--blue",
  "secondary-color": "--ink",
  "nav-bg-color": "--shade",
  "nav-text-color": "--ink",
  "nav-hover-text-color": "--ink",
  "nav-hover-bg-color": "--line",
  "header-bg-color": "--shade",
  "header-color": "--ink",
};

// The viewer's own focus indicators are thin, or only a change of colour; its column of methods is too narrow.
const ownStyle = new CSSStyleSheet();
ownStyle.replaceSync(`
  :focus-visible { outline: 2px solid var(--blue) !important; outline-offset: -2px !important; }
  .method { flex: none; min-width: 4.2rem; box-sizing: border-box; white-space: nowrap; }
`);

/**
 * Lower the headings of operations that are opened within a list, which the viewer has at the first level.
 * @param {ShadowRoot} root
 */
function lowerHeadings(root) {
  for (const heading of root.querySelectorAll('section [role="heading"][aria-level="1"]'))
    heading.setAttribute("aria-level", "3");
}

// The viewer derives colours from these when it is created, so another colour scheme needs another viewer.
function showViewer() {
  const viewer = document.createElement("openapi-explorer");
  const style = getComputedStyle(document.documentElement);
  for (const [attribute, name] of Object.entries(COLOURS))
    viewer.setAttribute(attribute, style.getPropertyValue(name).trim());
  for (const option of OPTIONS) viewer.setAttribute(option, "");
  viewer.setAttribute("spec-url", "/openapi.json");
  document.querySelector("#main")?.replaceChildren(viewer);
  const root = /** @type {ShadowRoot} */ (viewer.shadowRoot);
  root.adoptedStyleSheets.push(ownStyle);
  new MutationObserver(() => lowerHeadings(root)).observe(root, { childList: true, subtree: true });
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showViewer);
showViewer();
