// Gives the frame the height that its plot needs; the frame's own origin is opaque, so it has to tell.
"use strict";
(() => {
  const frame = document.querySelector("iframe.plot-frame");
  const MAX_HEIGHT = 20000; // pixels

  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.data?.type !== "bokeh-cloud:height") return;
    const height = Number(event.data.height);
    if (height > frame.clientHeight && height <= MAX_HEIGHT) frame.style.height = `${height}px`;
  });
})();
