// Files that code of a plot makes for the visitor, such as tables as CSV. A frame may not start downloads, so
// the page around it offers them.

/** @typedef {(name: string, blob: Blob) => void} OnFile */

/**
 * Pass on files instead of downloading them: what links with `download` refer to that code or visitors click.
 * Call it before code of the plot runs.
 * @param {OnFile} onFile
 */
export function interceptDownloads(onFile) {
  const blobs = rememberBlobs();
  /** @param {HTMLAnchorElement} link whether it was a link to a file of the plot */
  const take = (link) => {
    const blob = link.hasAttribute("download") ? (blobs.get(link.href) ?? blobOfDataUrl(link.href)) : null;
    if (blob) onFile(link.download, blob);
    return blob !== null;
  };
  interceptScripts(take);
  addEventListener("click", (event) => onClick(event, take), true);
}

/**
 * Return the content of a `data:` URL (RFC 2397); null if it is another URL, or malformed.
 * @param {string} url
 */
export function blobOfDataUrl(url) {
  const comma = url.indexOf(",");
  if (!/^data:/i.test(url) || comma < 0) return null;
  const [type, ...parameters] = url.slice("data:".length, comma).split(";");
  try {
    const text = decodeURIComponent(url.slice(comma + 1));
    const isBase64 = parameters.at(-1)?.trim().toLowerCase() === "base64";
    const content = isBase64 ? Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0)) : text;
    return new Blob([content], { type });
  } catch {
    return null;
  }
}

/** Return the blobs that have URLs, by URL, also in the future. */
function rememberBlobs() {
  /** @type {Map<string, Blob>} */
  const blobs = new Map();
  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = (object) => {
    const url = createObjectURL.call(URL, object);
    if (object instanceof Blob) blobs.set(url, object);
    return url;
  };
  URL.revokeObjectURL = (url) => {
    blobs.delete(url);
    revokeObjectURL.call(URL, url);
  };
  return blobs;
}

/** @param {(link: HTMLAnchorElement) => boolean} take */
function interceptScripts(take) {
  const { prototype } = HTMLAnchorElement;
  const { click, dispatchEvent } = prototype;
  prototype.click = function () {
    if (!take(this)) click.call(this);
  };
  prototype.dispatchEvent = function (event) {
    return (event.type === "click" && take(this)) || dispatchEvent.call(this, event);
  };
}

/**
 * @param {Event} event
 * @param {(link: HTMLAnchorElement) => boolean} take
 */
function onClick(event, take) {
  const link = event.composedPath().find((target) => target instanceof HTMLAnchorElement);
  if (link && take(link)) event.preventDefault();
}
