// The script of the frame: loads a plot, shows it, and follows its changes. It runs before BokehJS has
// loaded, so that the scene and the columns are requested while the browser loads and compiles BokehJS.

import { showGone } from "./live/gone_remark.js";
import { LiveData } from "./live/live_data.js";
import { LiveMark } from "./live/live_mark.js";
import { LiveStatus } from "./live/live_status.js";
import { LiveUpdates } from "./live/live_updates.js";
import { followPointer, untilReleased } from "./live/pointer.js";
import { readNote } from "./note.js";
import { PageChannel } from "./page_channel.js";
import { documentReady, showFailure, showPlot } from "./rendering.js";
import { ColumnStore } from "./scene/columns.js";
import { makeRequest } from "./scene/requests.js";
import { SceneLoader } from "./scene/scene_loader.js";
import { interceptDownloads } from "./view/file_downloads.js";
import { openLinksInTabs } from "./view/links.js";
import { showBriefRemark } from "./view/remarks.js";
import { explainSaving } from "./view/save_tool.js";

const note = readNote();
const channel = new PageChannel();
const request = makeRequest(note.token);
const columns = new ColumnStore(request, note.columns, note.sizes);
const loader = new SceneLoader(note, request, columns);

/**
 * Let the page offer a file to the visitor. Pages of other sites do not.
 * @param {string} name
 * @param {Blob} blob
 */
async function offerFile(name, blob) {
  if (!channel.hosted) return explainSaving();
  const data = await blob.arrayBuffer();
  channel.send("file", { name, data }, [data]);
}

async function main() {
  openLinksInTabs((host) => showBriefRemark("link", `Opened ${host} in a new tab`));
  interceptDownloads((name, blob) => offerFile(name, blob).catch(console.warn));
  const ready = documentReady();
  const loading = loader.load();
  loading.catch(() => {}); // reported below, once there is a body
  await ready;
  const loaded = await loading;
  const follow = note.events ? prepareUpdates(note.events, loaded) : null;
  const plot = await showPlot(loaded, channel, note.title);
  follow?.(plot).catch(console.warn);
}

/**
 * Record the state of a scene before rendering modifies it, and return the function that follows its changes.
 * @param {string} url of the events
 * @param {import("./scene/scene_loader.js").Loaded} loaded
 */
function prepareUpdates(url, { scene, positions, modified }) {
  const data = new LiveData(columns, scene, positions);
  const status = new LiveStatus(modified);
  const mark = new LiveMark(status, channel);
  followPointer();
  return (/** @type {import("./plot.js").Plot} */ plot) => {
    /** @type {import("./live/live_updates.js").Actions} */
    const actions = {
      data: async (changes) => {
        await untilReleased();
        await data.apply(plot, changes, () => loader.fetchScene());
        status.changed(Date.now());
        if (note.live && !data.positions.size) status.connection = "ended";
        mark.show();
        channel.send("changed");
      },
      gone: () => {
        status.connection = "deleted";
        showGone(channel);
        if (note.live) mark.show();
      },
      version: (version) => plot.reload(version),
      connection: (isConnected) => {
        if (isConnected) status.connected(Date.now());
        else status.disconnected(Date.now());
        if (note.live) mark.show();
      },
    };
    if (note.live) mark.start();
    return new LiveUpdates({ url, state: note.state ?? "" }, request, channel, actions).run();
  };
}

main().catch(showFailure);
