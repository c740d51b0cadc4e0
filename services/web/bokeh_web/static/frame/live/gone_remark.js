// What a visitor reads when the plot that is open was deleted.

const TEXT = "This plot was deleted, or is no longer shared with you. It does not change any more.";

/**
 * Say that the plot is gone: on the plot page, or on top of the plot in pages of other sites.
 * @param {import("../page_channel.js").PageChannel} channel
 */
export function showGone(channel) {
  if (channel.hosted) return channel.send("gone");
  if (document.querySelector("[data-gone]")) return;
  const remark = document.createElement("p");
  remark.className = "remark";
  remark.dataset.gone = "";
  remark.setAttribute("role", "status");
  remark.textContent = TEXT;
  document.body.prepend(remark);
}
