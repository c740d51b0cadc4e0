// What HTML cannot do by itself on our pages: copying, and a list that follows its filters at once.
"use strict";
(() => {
  const textOf = (button) => {
    const place = button.parentElement.querySelector("input, textarea, code");
    return place.value ?? place.textContent;
  };

  async function copy(button) {
    const label = button.querySelector("span");
    const before = label.textContent;
    try {
      await navigator.clipboard.writeText(textOf(button));
      label.textContent = "Copied";
    } catch {
      const place = button.parentElement.querySelector("input, textarea, code");
      getSelection().selectAllChildren(place);
      place.select?.();
      label.textContent = "Press Ctrl+C"; // browsers give the clipboard to secure pages only
    }
    setTimeout(() => (label.textContent = before), 2000);
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }

  for (const select of document.querySelectorAll("[data-submits] select"))
    select.addEventListener("change", () => select.form.requestSubmit());
})();
