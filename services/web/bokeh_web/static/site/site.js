// The script of all pages: buttons that copy, and filters that apply at once.

const LABEL_SECONDS = 2;

/**
 * Return the element whose text a button copies.
 * @param {Element} button
 */
function sourceOf(button) {
  const place = button.parentElement?.querySelector("input, textarea, code");
  return /** @type {HTMLElement & { value?: string, select?: () => void }} */ (place);
}

/**
 * Copy a text, or select it if the page has no access to the clipboard, which browsers grant to secure
 * origins only.
 * @param {HTMLElement} button
 */
async function copy(button) {
  const label = /** @type {HTMLElement} */ (button.querySelector("span"));
  const before = label.textContent;
  const place = sourceOf(button);
  try {
    await navigator.clipboard.writeText(place.value ?? place.textContent ?? "");
    label.textContent = "Copied";
  } catch {
    getSelection()?.selectAllChildren(place);
    place.select?.();
    label.textContent = "Press Ctrl+C";
  }
  setTimeout(() => {
    label.textContent = before;
  }, LABEL_SECONDS * 1000);
}

const buttons = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-copy]"));
for (const button of buttons) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}

for (const form of document.querySelectorAll(".picking")) {
  const count = form.querySelector("[data-selected]");
  const update = () => {
    if (count) count.textContent = String(form.querySelectorAll(".pick input:checked").length);
  };
  form.addEventListener("change", update);
  update(); // browsers keep the selection of a page that is shown again
}

const selects = /** @type {NodeListOf<HTMLSelectElement>} */ (
  document.querySelectorAll("[data-submits] select")
);
for (const select of selects) select.addEventListener("change", () => select.form?.requestSubmit());
