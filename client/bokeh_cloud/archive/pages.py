"""The pages of an exported folder. They ask for files beside them and for nothing else."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 1.5rem; font-family: system-ui, sans-serif; color: #26323c; }}
h1 {{ font-size: 1.25rem; font-weight: 500; }}
nav {{ font-size: 0.875rem; margin-bottom: 1rem; }}
[role=alert] {{ color: #a4262c; }}
</style>
</head>
<body>
<h1>{title}</h1>
"""

VIEWER = """
const root = "../../";

async function get(path, as) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer[as]();
}

function load(path) {
  return new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = path;
    script.onload = done;
    script.onerror = () => failed(new Error(path));
    document.head.append(script);
  });
}

function leaves(node, found = []) {
  if (node === null || typeof node !== "object") return found;
  if (node.type === "bytes" && typeof node.data === "object") found.push(node);
  else Object.values(node).forEach((item) => leaves(item, found));
  return found;
}

async function show(version) {
  const view = await get(`${version}/view.json`, "json");
  for (const name of view.bundles) await load(`${root}static/bokehjs/${view.bokeh}/${name}.min.js`);
  for (const name of view.extensions) await load(`${root}extensions/${name}.js`);
  const places = leaves(view.scene);
  const columns = new Map();
  await Promise.all([...new Set(places.map((place) => place.data.id))].map(async (id) => {
    columns.set(id, await get(`${root}columns/${id}`, "arrayBuffer"));
  }));
  for (const place of places) {  // each gets a buffer of its own: patching one leaves the others
    place.data = {buffer: columns.get(place.data.id).slice(0)};
  }
  const drawn = Bokeh.require("document").Document.from_json(view.scene);
  const element = document.querySelector("main");
  await Bokeh.embed.add_document_standalone(drawn, element, drawn.roots().map(() => element), true);
}

const versions = JSON.parse(document.querySelector("#versions").textContent);
const asked = Number(new URLSearchParams(location.search).get("version"));
const newest = document.querySelector("main").dataset.newest;
show(versions.includes(asked) ? asked : newest).catch((error) => {
  const note = document.querySelector("[role=alert]");
  note.textContent = `This plot cannot be shown (${error.message}). Open the folder through a web server, ` +
    "such as python -m http.server: browsers do not read files for pages that are opened as files.";
});
"""


def plot_page(title: str, versions: Sequence[int], *, is_live: bool) -> bytes:
    """Return the page of a plot; `versions` ascend, and what `is_live` is shown as in `now`."""
    newest = "now" if is_live else versions[-1]
    links = " ".join(f'<a href="?version={number}">{number}</a>' for number in versions)
    parts = (
        HEAD.format(title=escape(title)),
        f'<nav><a href="../../index.html">All plots</a> &middot; Versions: {links}</nav>\n',
        f'<p role="alert"></p>\n<main data-newest="{newest}"></main>\n',
        f'<script type="application/json" id="versions">{list(versions)}</script>\n',
        f"<script>{VIEWER}</script>\n</body>\n</html>\n",
    )
    return "".join(parts).encode()


def index(plots: Iterable[tuple[str, Any]]) -> bytes:
    """Return the page that lists plots; each is its folder and what `plot.json` says."""
    listed = sorted((about["title"], about["name"], folder) for folder, about in plots)
    items = [
        f'<li><a href="plots/{folder}/index.html">{escape(title)}</a></li>\n' for title, _, folder in listed
    ]
    return "".join([HEAD.format(title="Plots"), "<ul>\n", *items, "</ul>\n</body>\n</html>\n"]).encode()
