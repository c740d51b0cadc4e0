// Remarks about what a frame has done or cannot do.

const BRIEF_MILLISECONDS = 4000;

/**
 * Show a remark on top of the plot; another one of the same kind is replaced.
 * @param {string} kind
 * @param {string} text
 */
export function showRemark(kind, text) {
  const remark = document.querySelector(`[data-remark="${kind}"]`) ?? addRemark(kind);
  remark.textContent = text;
  return remark;
}

/**
 * Show a remark over the plot for a moment, as browsers do with the addresses of links.
 * @param {string} kind
 * @param {string} text
 */
export function showBriefRemark(kind, text) {
  const remark = showRemark(kind, text);
  remark.classList.add("brief");
  setTimeout(() => remark.remove(), BRIEF_MILLISECONDS);
}

/** @param {string} kind */
function addRemark(kind) {
  const remark = document.createElement("p");
  remark.className = "remark";
  remark.dataset.remark = kind;
  remark.setAttribute("role", "status");
  document.body.prepend(remark);
  return remark;
}
