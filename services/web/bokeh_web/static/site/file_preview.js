// The preview of a file: what was detected, and its first rows with the types of the columns.

/** @typedef {{ rows: number, columns: { name: string, type: string }[], notes: string[],
 *   first: (string | null)[][], delimiter: string | null, encoding: string | null }} Preview */

/** @type {Record<string, string>} */
const DELIMITERS = { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars" };

/** The names of Arrow's types that visitors can choose, as they are called there.
 * @type {Record<string, string>} */
const TYPES = { string: "text", int64: "integer", double: "float", bool: "boolean", "date32[day]": "date" };

/**
 * Make an element with a text.
 * @param {string} tag
 * @param {string} text
 */
function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

/** Shows previews in a section of the page. */
export class FilePreview {
  /**
   * @param {HTMLElement} section
   * @param {string[]} choices types that can be given to a column
   * @param {() => void} changed is called when the visitor has chosen a type
   */
  constructor(section, choices, changed) {
    this.section = section;
    this.choices = choices;
    this.changed = changed;
    /** @type {Map<string, string>} */
    this.detected = new Map();
    /** @type {Map<string, string>} */
    this.given = new Map();
  }

  /** The chosen types, as the server reads them. */
  get types() {
    return [...this.given].map(([name, type]) => `${name}=${type}`);
  }

  /** Hide the preview, and forget the chosen types. */
  reset() {
    this.section.hidden = true;
    this.detected.clear();
    this.given.clear();
  }

  /** Move the focus to the heading, so that a screen reader goes on from there. */
  focus() {
    this.part("h2").focus();
  }

  /** @param {Preview} found */
  show(found) {
    for (const { name, type } of found.columns) {
      if (!this.given.has(name)) this.detected.set(name, TYPES[type] ?? type);
    }
    this.part("[data-facts]").replaceChildren(...describe(found).map((fact) => element("span", fact)));
    this.part("[data-notes]").replaceChildren(...found.notes.map((note) => element("li", note)));
    this.part("[data-notes]").hidden = found.notes.length === 0;
    this.showHead(found.columns.map(({ name }) => name));
    this.part("tbody").replaceChildren(...found.first.map(makeRow));
    this.section.hidden = false;
  }

  /**
   * Show the columns, unless they are there already: then a select may have the focus.
   * @param {string[]} names
   */
  showHead(names) {
    const head = this.part("thead");
    const selects = /** @type {NodeListOf<HTMLSelectElement>} */ (head.querySelectorAll("select"));
    const isSame = !this.section.hidden && names.length === selects.length;
    if (isSame && names.every((name, i) => selects[i]?.dataset.column === name)) return;
    head.replaceChildren(document.createElement("tr"));
    head.firstElementChild?.append(...names.map((name) => this.makeHeader(name)));
  }

  /** @param {string} name */
  makeHeader(name) {
    const header = document.createElement("th");
    header.scope = "col";
    const title = element("span", name);
    title.dir = "auto";
    header.append(title, this.makeSelect(name));
    return header;
  }

  /** @param {string} name */
  makeSelect(name) {
    const select = document.createElement("select");
    select.dataset.column = name;
    select.setAttribute("aria-label", `Type of ${name}`);
    const detected = new Option(`${this.detected.get(name)} (detected)`, "");
    select.append(detected, ...this.choices.map((type) => new Option(type, type)));
    select.value = this.given.get(name) ?? "";
    select.addEventListener("change", () => {
      if (select.value) this.given.set(name, select.value);
      else this.given.delete(name);
      this.changed();
    });
    return select;
  }

  /** @param {string} selector */
  part(selector) {
    return /** @type {HTMLElement} */ (this.section.querySelector(selector));
  }
}

/**
 * Return what was detected for the whole file.
 * @param {Preview} found
 */
function describe({ rows, first, delimiter, encoding }) {
  const facts = [rows === 1 ? "1 row" : `${rows} rows`];
  if (rows > first.length) facts.push(`the first ${first.length} are shown`);
  if (delimiter !== null) facts.push(`separated by ${DELIMITERS[delimiter] ?? delimiter}`);
  if (encoding !== null) facts.push(`encoded in ${encoding}`);
  return facts;
}

/** @param {(string | null)[]} values */
function makeRow(values) {
  const row = document.createElement("tr");
  for (const value of values) {
    const cell = element("td", value ?? "missing");
    if (value === null) cell.className = "soft";
    cell.dir = "auto";
    row.append(cell);
  }
  return row;
}
