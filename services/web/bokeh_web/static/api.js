// Shows the description of the API by OpenAPI Explorer, in the colours of the page, light or dark.
"use strict";
(() => {
  const main = document.querySelector("#main");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const OPTIONS = ["hide-authentication", "hide-console", "hide-server-selection", "hide-components"];
  // What the viewer calls a colour, and what cloud.css does.
  const COLOURS = {
    "bg-color": "--paper", "text-color": "--ink", "primary-color": "--blue", "secondary-color": "--ink",
    "nav-bg-color": "--shade", "nav-text-color": "--ink", "nav-hover-text-color": "--ink", "nav-hover-bg-color": "--line",
    "header-bg-color": "--shade", "header-color": "--ink",
  };

  // Its own marks of what has the focus are thin, or there is only another colour.
  const focus = new CSSStyleSheet();
  focus.replaceSync(":focus-visible { outline: 2px solid var(--blue) !important; outline-offset: -2px !important; }");

  // It works out further colours from these when it is made, so another scheme needs another one.
  function show() {
    const viewer = document.createElement("openapi-explorer");
    const style = getComputedStyle(document.documentElement);
    for (const [attribute, name] of Object.entries(COLOURS)) viewer.setAttribute(attribute, style.getPropertyValue(name).trim());
    for (const option of OPTIONS) viewer.setAttribute(option, "");
    viewer.setAttribute("spec-url", "/openapi.json");
    main.replaceChildren(viewer);
    viewer.shadowRoot.adoptedStyleSheets.push(focus);
  }

  dark.addEventListener("change", show);
  show();
})();
