// The script that embeds a plot in any page (`/plots/{plot}/embed.js`): adds a frame after its own element,
// and gives it the height of the plot.

import { FrameChannel } from "./frame_channel.js";

const MAX_HEIGHT = 20000; // pixels

const script = /** @type {HTMLScriptElement} */ (document.currentScript);
const url = new URL(script.src);
url.pathname = url.pathname.replace(/\.js$/, "");
const frame = document.createElement("iframe");
frame.src = url.href;
frame.title = script.dataset.title ?? "Bokeh plot";
frame.loading = "lazy";
frame.allow = "fullscreen";
frame.setAttribute("sandbox", "allow-scripts allow-popups allow-popups-to-escape-sandbox");
Object.assign(frame.style, { width: "100%", height: script.dataset.height ?? "400px", border: "0" });
script.after(frame);

new FrameChannel(frame).listen({
  height({ height }) {
    const pixels = Number(height);
    if (pixels > 0 && pixels <= MAX_HEIGHT) frame.style.height = `${pixels}px`;
  },
});
