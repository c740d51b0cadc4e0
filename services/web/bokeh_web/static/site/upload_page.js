// The page that stores a file: the server reads it, this script shows what it found, and then has it stored.

import { FilePreview } from "./file_preview.js";

const SUFFIXES = /(\.(gz|zst))?$/i;

const form = /** @type {HTMLFormElement} */ (document.querySelector("[data-upload]"));
const [file, name] = /** @type {[HTMLInputElement, HTMLInputElement]} */ ([
  form.elements.namedItem("file"),
  form.elements.namedItem("name"),
]);
const store = /** @type {HTMLButtonElement} */ (document.querySelector("[data-store]"));
const problem = /** @type {HTMLElement} */ (document.querySelector("[data-problem]"));
const progress = /** @type {HTMLElement} */ (document.querySelector("[data-progress]"));
const section = /** @type {HTMLElement} */ (document.querySelector("[data-preview]"));
const preview = new FilePreview(section, (form.dataset.types ?? "").split(" "), () => showPreview(false));
let current = new AbortController();

/** @param {string} text */
function showProblem(text) {
  const notice = document.createElement("p");
  notice.className = "notice bad";
  notice.textContent = text;
  problem.replaceChildren(...(text ? [notice] : []));
}

/**
 * Send the chosen file; return the JSON of the response.
 * @param {string} url
 * @param {[string, string][]} query
 */
async function send(url, query) {
  const [chosen] = file.files ?? [];
  const types = preview.types.map((type) => /** @type {[string, string]} */ (["type", type]));
  const parameters = new URLSearchParams([["file", chosen?.name ?? ""], ...types, ...query]);
  const headers = {
    "Bokeh-Cloud-Form": form.dataset.form ?? "",
    "Content-Type": "application/octet-stream",
  };
  const options = { method: "POST", headers, body: chosen, signal: current.signal };
  const response = await fetch(`${url}?${parameters}`, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail ?? answer.title);
  return answer;
}

/**
 * Run a task that sends the file, which ends the one before; show its error.
 * @param {string} message
 * @param {() => Promise<void>} task
 */
async function run(message, task) {
  current.abort();
  const own = new AbortController();
  current = own;
  showProblem("");
  progress.textContent = message;
  store.disabled = true;
  try {
    await task();
    store.disabled = false;
  } catch (error) {
    if (own.signal.aborted) return;
    showProblem(
      error instanceof TypeError
        ? "The file could not be sent: the server cannot be reached, or the file has changed. Choose it again."
        : String(/** @type {Error} */ (error).message),
    );
  }
  if (current === own) progress.textContent = "";
}

/**
 * Have the server read the file, and show what it found.
 * @param {boolean} moves whether the focus moves to the preview
 */
function showPreview(moves) {
  return run("The file is being read ...", async () => {
    preview.show(await send("/data/upload/preview", []));
    if (moves) preview.focus();
  });
}

file.addEventListener("change", () => {
  const chosen = file.files?.[0]?.name ?? "";
  current.abort();
  preview.reset();
  showProblem("");
  progress.textContent = "";
  name.value = chosen.replace(SUFFIXES, "").replace(/(?!^)\.[^.]*$/, "");
});
form.addEventListener("dragover", (event) => {
  event.preventDefault(); // allows to drop
  form.classList.add("over");
});
form.addEventListener("dragleave", () => form.classList.remove("over"));
form.addEventListener("drop", (event) => {
  event.preventDefault();
  form.classList.remove("over");
  if (!event.dataTransfer?.files.length) return;
  file.files = event.dataTransfer.files;
  file.dispatchEvent(new Event("change"));
  showPreview(true);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  showPreview(true);
});
store.addEventListener("click", () => {
  if (!form.reportValidity()) return;
  run("The file is being stored ...", async () => {
    location.assign((await send("/data/upload", [["name", name.value]])).page);
  });
});
