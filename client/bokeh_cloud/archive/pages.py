"""The HTML pages of an exported folder, which load files of this folder only."""

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

async function get(path, method) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response[method]();
}

function loadScript(path) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = path;
    script.onload = resolve;
    script.onerror = () => reject(new Error(path));
    document.head.append(script);
  });
}

function binaryNodes(node, found = []) {
  if (node === null || typeof node !== "object") return found;
  if (node.type === "bytes" && typeof node.data === "object") found.push(node);
  else Object.values(node).forEach((item) => binaryNodes(item, found));
  return found;
}

async function show(version) {
  const view = await get(`${version}/view.json`, "json");
  for (const name of view.bundles) await loadScript(`${root}static/bokehjs/${view.bokeh}/${name}.min.js`);
  for (const name of view.extensions) await loadScript(`${root}extensions/${name}.js`);
  const nodes = binaryNodes(view.scene);
  const columns = new Map();
  await Promise.all([...new Set(nodes.map((node) => node.data.id))].map(async (id) => {
    columns.set(id, await get(`${root}columns/${id}`, "arrayBuffer"));
  }));
  for (const node of nodes) {  // each gets its own buffer, so that patching one does not change the others
    node.data = {buffer: columns.get(node.data.id).slice(0)};
  }
  const plot = Bokeh.require("document").Document.from_json(view.scene);
  const element = document.querySelector("main");
  await Bokeh.embed.add_document_standalone(plot, element, plot.roots().map(() => element), true);
}

const versions = JSON.parse(document.querySelector("#versions").textContent);
const requested = Number(new URLSearchParams(location.search).get("version"));
const newest = document.querySelector("main").dataset.newest;
show(versions.includes(requested) ? requested : newest).catch((error) => {
  const alert = document.querySelector("[role=alert]");
  alert.textContent = `This plot cannot be shown (${error.message}). Open the folder through a web server, ` +
    "such as python -m http.server: pages that are opened as files cannot load other files.";
});
"""


def plot_page(title: str, versions: Sequence[int], *, is_live: bool) -> bytes:
    """Return the page of a plot with ascending `versions`; if `is_live`, it shows `now` by default."""
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
    """Return the page that lists plots, given as folder name and contents of `plot.json`."""
    listed = sorted((metadata["title"], metadata["name"], folder) for folder, metadata in plots)
    items = [
        f'<li><a href="plots/{folder}/index.html">{escape(title)}</a></li>\n' for title, _, folder in listed
    ]
    return "".join([HEAD.format(title="Plots"), "<ul>\n", *items, "</ul>\n</body>\n</html>\n"]).encode()
