// The script of the home page: draws missing thumbnails.

import { drawThumbnails } from "./thumbnails.js";

const list = /** @type {HTMLElement | null} */ (document.querySelector("[data-form][data-sandbox]"));
if (list) drawThumbnails(list);
