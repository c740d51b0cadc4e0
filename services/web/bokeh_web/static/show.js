// The page around a plot. The frame's own origin is opaque, so all that it and the page know of each other is
// in messages: its height, the ranges that are seen (they are kept in the address), and pictures to download.
"use strict";
(() => {
  const frame = document.querySelector("iframe.plot-frame");
  const link = document.getElementById("link");
  const status = document.querySelector("[data-draw-status]");
  const [MIN_HEIGHT, MAX_HEIGHT] = [120, 20000]; // pixels
  const MAX_VIEW = 2000; // characters
  const KINDS = { png: "image/png", svg: "image/svg+xml" };

  const send = (message) => frame.contentWindow.postMessage(message, "*");
  const viewOfAddress = () => new URLSearchParams(location.hash.slice(1)).get("view");

  function save(kind, data) {
    const anchor = document.createElement("a");
    anchor.href = URL.createObjectURL(new Blob([data], { type: KINDS[kind] }));
    anchor.download = `${frame.dataset.name}.${kind}`;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(anchor.href), 60000);
  }

  // Only the owner's page asks for the small picture that lists of plots show.
  async function keepPicture(data) {
    const { plot, version, picture } = frame.dataset;
    frame.dataset.pictured = (await bokehCloudPictures.keep(plot, version, picture, data)) ? "yes" : "no";
  }

  // At first the frame is made to fit; then it only grows, or two that follow each other would never rest.
  let fitted = false;

  const handlers = {
    height({ height }) {
      if (!(height >= MIN_HEIGHT && height <= MAX_HEIGHT)) return;
      if (!fitted || height > frame.clientHeight) frame.style.height = `${height}px`;
      fitted = true;
    },
    ready() {
      send({ type: "bokeh-cloud:host" });
      if (viewOfAddress()) send({ type: "bokeh-cloud:look", view: viewOfAddress() });
      if (frame.dataset.picture) send({ type: "bokeh-cloud:draw", kind: "thumbnail" });
      for (const button of document.querySelectorAll("[data-draw]")) button.hidden = false;
    },
    // There is a new version, or what opened this one has expired. The frame keeps its height meanwhile.
    outdated({ version }) {
      if (Number.isSafeInteger(version)) frame.dataset.version = version;
      for (const place of document.querySelectorAll("[data-newest]")) place.textContent = frame.dataset.version;
      frame.src = frame.getAttribute("src");
    },
    view({ view }) {
      if (typeof view !== "string" || view.length > MAX_VIEW || !/^[\d.e+,;-]*$/.test(view)) return;
      const address = location.href.split("#")[0] + (view ? `#view=${view}` : "");
      history.replaceState(null, "", address);
      if (link) link.value = address;
    },
    picture({ kind, data }) {
      if (kind === "thumbnail" && data instanceof ArrayBuffer) keepPicture(data);
      else if (kind in KINDS && (data instanceof ArrayBuffer || typeof data === "string")) save(kind, data);
      if (status) status.textContent = "";
    },
    undrawn({ kind }) {
      if (kind !== "thumbnail" && status) status.textContent = "This plot cannot be drawn as a picture.";
    },
  };

  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow) return;
    const name = String(event.data?.type).replace(/^bokeh-cloud:/, "");
    if (Object.hasOwn(handlers, name)) handlers[name](event.data);
  });
  window.addEventListener("hashchange", () => send({ type: "bokeh-cloud:look", view: viewOfAddress() ?? "" }));
  for (const button of document.querySelectorAll("[data-draw]"))
    button.addEventListener("click", () => {
      status.textContent = "Drawing …";
      send({ type: "bokeh-cloud:draw", kind: button.dataset.draw });
    });
  send({ type: "bokeh-cloud:hello" }); // a frame that was ready before this script says so again
})();
