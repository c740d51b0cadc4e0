// Updates wait while a visitor drags something, such as a plot or the handle of a selection.

let isDown = false;
/** @type {(() => void)[]} */
let waiting = [];

function release() {
  isDown = false;
  for (const resume of waiting) resume();
  waiting = [];
}

/** Follow the pointer from now on. */
export function followPointer() {
  const options = { capture: true, passive: true };
  window.addEventListener("pointerdown", () => (isDown = true), options);
  for (const name of ["pointerup", "pointercancel", "blur"]) window.addEventListener(name, release, options);
}

/** Wait until no button is held. */
export const untilReleased = () =>
  isDown ? new Promise((resolve) => waiting.push(() => resolve(undefined))) : Promise.resolve();
