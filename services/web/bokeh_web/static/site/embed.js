// The script that embeds a plot in any page (`/plots/{plot}/embed.js`): adds a frame after its own element,
// and gives it the size of the plot.

import { FrameChannel } from "./frame_channel.js";
import { FrameSize } from "./frame_size.js";

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
const place = document.createElement("div");
place.style.overflow = "hidden"; // of a frame that is scaled down
place.append(frame);
script.after(place);

const size = new FrameSize(frame, place);
new FrameChannel(frame).listen({ height: (message) => size.report(message) });
