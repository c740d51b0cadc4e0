// Puts a plot into somebody's page: a frame in place of this script, as high as its plot.
"use strict";
(() => {
  const script = document.currentScript;
  const address = new URL(script.src);
  address.pathname = address.pathname.replace(/\.js$/, "");
  const frame = document.createElement("iframe");
  frame.src = address.href;
  frame.title = script.dataset.title ?? "Bokeh plot";
  frame.loading = "lazy";
  frame.allow = "fullscreen";
  frame.setAttribute("sandbox", "allow-scripts allow-downloads");
  Object.assign(frame.style, { width: "100%", height: script.dataset.height ?? "400px", border: "0" });
  script.after(frame);

  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.data?.type !== "bokeh-cloud:height") return;
    const height = Number(event.data.height);
    if (height > 0 && height <= 20000) frame.style.height = `${height}px`;
  });
})();
