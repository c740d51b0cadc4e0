// What others learn of a plot that is shown: the page around it, of the ranges that are seen and of pictures, and
// people who do not see it.
"use strict";
(() => {
  const cloud = window.bokehCloud;
  const { note, tell } = cloud;

  const isFigure = ({ properties }) => ["x_range", "y_range", "renderers"].every((name) => name in properties);

  // What is seen of each figure, in the order of the document: "x0,x1,y0,y1;...". A model's id would be another
  // one in the next version.
  class Looker {
    constructor(doc) {
      const models = doc.roots().flatMap((root) => [...root.references()]);
      this.figures = [...new Set(models)].filter(isFigure);
      this.home = this.view;
      this.timer = 0;
      for (const range of this.figures.flatMap((figure) => [figure.x_range, figure.y_range]))
        range.change.connect(() => {
          clearTimeout(this.timer);
          this.timer = setTimeout(() => this.tell(), 250);
        });
    }

    get zoom() {
      return this.view === this.home ? "" : this.view;
    }

    tell() {
      tell("view", { view: this.zoom });
    }

    // What changes by itself, as ranges that follow the data do, is no zoom to keep.
    async following(change) {
      const untouched = this.view === this.home;
      await change();
      if (!untouched) return;
      for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame); // by then ranges have followed
      this.home = this.view;
    }

    get view() {
      const ends = ({ start, end }) => [start, end].map((value) => Number(Number(value).toPrecision(9)));
      return this.figures.map(({ x_range, y_range }) => [...ends(x_range), ...ends(y_range)].join(",")).join(";");
    }

    look(view) {
      const wanted = (view || this.home).split(";").map((part) => part.split(",").map(Number));
      if (wanted.length !== this.figures.length || wanted.some((ends) => ends.length !== 4)) return;
      wanted.forEach((ends, i) => this.set(this.figures[i], ends));
    }

    set({ x_range, y_range }, [x0, x1, y0, y1]) {
      for (const [range, start, end] of [[x_range, x0, x1], [y_range, y0, y1]])
        if (Number.isFinite(start) && Number.isFinite(end) && start !== end) {
          if ("have_updated_interactively" in range) range.have_updated_interactively = true; // else data sets it
          range.setv({ start, end });
        }
    }
  }

  // For who does not see it: what a screen reader says of a root instead of nothing.
  cloud.describe = (element, root) => {
    const figures = [...root.references()].filter(isFigure);
    const parts = figures.map((figure) => {
      const labels = [...(figure.below ?? []), ...(figure.left ?? [])].map((axis) => axis.axis_label);
      const series = (figure.renderers ?? []).filter((one) => one.glyph && !one.id.startsWith("bokeh-cloud-")).length;
      const text = typeof figure.title === "string" ? figure.title : figure.title?.text;
      return [text, ...labels, series && `${series} series`].filter((p) => p && typeof p !== "object").join(", ");
    });
    element.setAttribute("role", "figure");
    element.setAttribute("aria-label", [note.title, ...parts.filter(Boolean)].join("; ").slice(0, 1000));
  };

  const THUMBNAIL = [640, 400]; // pixels

  async function drawn(views, kind) {
    if (kind === "svg") {
      const blob = await views[0].export("svg", false).to_blob();
      return blob.text();
    }
    const layers = views.map((view) => view.export("png", true).canvas).filter((c) => c.width && c.height);
    const width = Math.max(...layers.map((layer) => layer.width));
    const height = layers.reduce((sum, layer) => sum + layer.height, 0);
    const scale = kind === "thumbnail" ? Math.min(1, THUMBNAIL[0] / width, THUMBNAIL[1] / height) : 1;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    let top = 0;
    for (const layer of layers) {
      context.drawImage(layer, 0, top, layer.width * scale, layer.height * scale);
      top += layer.height * scale;
    }
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    return blob.arrayBuffer();
  }

  function listen(looker, views) {
    const ready = () => tell("ready");
    const answers = {
      "bokeh-cloud:hello": ready,
      "bokeh-cloud:host": () => (cloud.hosted = true),
      "bokeh-cloud:look": ({ view }) => looker.look(String(view)),
      "bokeh-cloud:draw": ({ kind }) =>
        drawn(views, kind).then(
          (data) => tell("picture", { kind, data }, location.origin, data instanceof ArrayBuffer ? [data] : []),
          () => tell("undrawn", { kind }),
        ),
    };
    window.addEventListener("message", (event) => {
      if (event.source === parent && event.origin === location.origin && Object.hasOwn(answers, event.data?.type))
        answers[event.data.type](event.data);
    });
    const start = new URLSearchParams(location.hash.slice(1)).get("view"); // of a page that embeds the frame
    if (start) looker.look(start);
    ready();
  }

  // Loads the frame anew, with the same zoom. The page around knows who is signed in and keeps the zoom in its
  // address; elsewhere the frame's own has it.
  cloud.renew = async (version) => {
    const { looker } = await cloud.shown;
    if (cloud.hosted) {
      looker.tell(); // it may have changed a moment ago
      return tell("outdated", { version });
    }
    if (looker.zoom) history.replaceState(null, "", `#view=${looker.zoom}`);
    location.reload();
  };

  // `views` is a list in older versions of BokehJS, and a collection that can be gone through in newer ones.
  cloud.look = (doc, views) => {
    const looker = new Looker(doc);
    listen(looker, [...views].filter((view) => doc.roots().includes(view.model) && view.export));
    return looker;
  };
})();
