// The small pictures of plots that lists show. The page of a plot has its frame draw one; the first page does so
// for plots that have none yet, one after the other, and shows the plots themselves meanwhile.
"use strict";
(() => {
  const PATIENCE = 20000; // milliseconds for a plot to be drawn
  const WIDTH = 800; // pixels of a frame, which is shown smaller

  // The server decides whether it is a picture, and whose.
  async function keep(plot, version, token, data) {
    const headers = { "Bokeh-Cloud-Form": token, "Content-Type": "image/png" };
    const address = `/plots/${plot}/thumbnail?version=${version}`;
    return (await fetch(address, { method: "PUT", headers, body: data })).ok;
  }

  function frameIn(place, sandbox) {
    const frame = document.createElement("iframe");
    frame.sandbox = sandbox;
    frame.title = place.dataset.title;
    frame.tabIndex = -1;
    frame.style.transform = `scale(${place.clientWidth / WIDTH})`;
    frame.src = `/plots/${place.dataset.draws}/embed`;
    return frame;
  }

  function drawnBy(frame) {
    return new Promise((resolve, reject) => {
      const answers = {
        "bokeh-cloud:ready": () =>
          frame.contentWindow.postMessage({ type: "bokeh-cloud:draw", kind: "thumbnail" }, "*"),
        "bokeh-cloud:picture": ({ data }) => (data instanceof ArrayBuffer ? resolve(data) : reject()),
        "bokeh-cloud:undrawn": reject,
      };
      window.addEventListener("message", (event) => {
        if (event.source === frame.contentWindow && Object.hasOwn(answers, event.data?.type))
          answers[event.data.type](event.data);
      });
      setTimeout(reject, PATIENCE);
    });
  }

  async function draw(place, { form, sandbox }) {
    const { draws: plot, version } = place.dataset;
    const frame = frameIn(place, sandbox);
    place.append(frame);
    try {
      if (!(await keep(plot, version, form, await drawnBy(frame)))) return;
      const picture = new Image();
      picture.alt = "";
      picture.src = `/plots/${plot}/thumbnail.png?version=${version}`;
      await picture.decode();
      place.classList.remove("none");
      place.replaceChildren(picture);
    } finally {
      frame.remove();
    }
  }

  async function drawAll(list) {
    for (const place of list.querySelectorAll("[data-draws]")) await draw(place, list.dataset).catch(() => {});
  }

  const list = document.querySelector("[data-form][data-sandbox]");
  if (list) drawAll(list);
  window.bokehCloudPictures = { keep };
})();
