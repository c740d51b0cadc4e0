"""Writes an account's plots into a folder."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import bokeh
from bokeh.core.serialization import Buffer
from bokeh.util.paths import bokehjs_path

from ..connection import Connection
from ..download import fetch_columns
from ..errors import CloudError, NotFound
from ..plot import Plot
from ..scene import column_hashes, unpacked
from . import pages
from .layout import folder_name, read_json, write, write_json
from .live import export_sources

if TYPE_CHECKING:
    from ..server import Server


def export(server: "Server", folder: Path, names: Iterable[str] = ()) -> list[Plot]:
    """Write plots with all their versions and data into a folder, see the package; return the plots.

    What the folder has already is not fetched again, so that an export that broke goes on where it was.

    Args:
        server: whose account.
        folder: is made if it is not there; anything of an earlier export in it stays.
        names: of plots; all of the account without any.

    Raises:
        NotFound: there is no plot of such a name.
        CloudError: see `Connection.request`; or the folder cannot be written.
    """
    names = list(names)
    wanted = [server.plot(name) for name in names] or server.plots()
    exporter = _Exporter(server.connection, server.user_id, folder)
    for plot in wanted:
        exporter.plot(plot)
    exporter.finish()
    every = () if names else (source.source_id for source in server.data() if source.live)
    export_sources(server, folder, {*exporter.live, *every})
    return wanted


class _Exporter:
    """One run, which remembers the columns that it has met."""

    def __init__(self, connection: Connection, user: str, folder: Path):
        self._connection = connection
        self._user = user
        self._folder = folder
        known = folder / "columns.json"
        self._columns: dict[str, Any] = read_json(known) if known.exists() else {}
        self.live: set[str] = set()

    def plot(self, plot: Plot) -> None:
        place = self._folder / "plots" / folder_name(plot.name)
        found = {"name": plot.name, "title": plot.title, "visibility": plot.visibility}
        numbers = sorted(item.version for item in plot.versions())
        for number in numbers:
            if not (place / str(number) / "view.json").exists():
                self._version(plot, number, place / str(number))
        is_live = self._note_live(place, numbers)
        if is_live:
            self._now(plot, place, numbers[-1])
        write_json(place / "plot.json", {**found, "versions": numbers})
        write(place / "index.html", pages.plot_page(plot.title, numbers, is_live=is_live))

    def finish(self) -> None:
        self._note_columns()
        plots = sorted((self._folder / "plots").glob("*/plot.json"))
        write(self._folder / "index.html", pages.index((path.parent.name, read_json(path)) for path in plots))

    def _note_live(self, place: Path, numbers: list[int]) -> bool:
        """Note the live sources of a plot's versions; tell whether the newest one has any."""
        parts = [read_json(place / str(number) / "parts.json") for number in numbers]
        found = [{source["live"] for source in part["sources"] if "live" in source} for part in parts]
        self.live.update(*found)
        return bool(found[-1])

    def _now(self, plot: Plot, place: Path, newest: int) -> None:
        """Write the plot as it is shown, with its live sources as they are."""
        scene = self._connection.json("GET", f"/{quote(self._user)}/plots/{quote(plot.id)}/scene")
        self._fetch(column_hashes(scene))
        parts = read_json(place / str(newest) / "parts.json")
        write_json(place / "now" / "view.json", self._view(scene, parts))

    def _version(self, plot: Plot, number: int, place: Path) -> None:
        path = f"/{quote(self._user)}/plots/{quote(plot.id)}"
        scene = self._connection.request("GET", f"{path}/scene?version={number}")
        content = self._connection.decode(scene)
        graph = self._connection.json("GET", f"{path}?version={number}")
        sources = self._connection.json("GET", f"{path}/data?version={number}")["sources"]
        parts = {
            "bokeh": content["version"],
            "bundles": graph["bundles"],
            "extensions": graph["extensions"],
            "sources": [self._source(source) for source in sources],
        }
        self._fetch(column_hashes(content))
        for name in graph["extensions"]:
            self._file(f"extensions/{name}.js", f"/plots/{quote(plot.id)}/extensions/{name}.js")
        for name in graph["bundles"]:
            self._bokehjs(content["version"], name)
        write(place / "scene.json", scene.content)
        write_json(place / "parts.json", parts)
        self._note_columns()  # before what says that the version is there
        write_json(place / "view.json", self._view(content, parts))

    def _note_columns(self) -> None:
        write_json(self._folder / "columns.json", dict(sorted(self._columns.items())))

    def _source(self, source: Mapping[str, Any]) -> dict[str, Any]:
        if source.get("live"):
            return {"model": source["model"], "live": source["id"], "version": source.get("version")}
        found = self._connection.json("GET", f"/{quote(self._user)}/data/{quote(source['id'])}")
        for column in found["columns"].values():
            self._columns[column["hash"]] = {"dtype": column["dtype"], "shape": column["shape"]}
        columns = {name: column["hash"] for name, column in found["columns"].items()}
        return {"model": source["model"], "name": found["name"], "columns": columns}

    def _view(self, content: Any, parts: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a page needs: the scene without packed columns, and which columns and scripts."""
        scene = unpacked(content, lambda name: (self._folder / "columns" / name).read_bytes(), _base64)
        return {**{key: parts[key] for key in ("bokeh", "bundles", "extensions")}, "scene": scene}

    def _fetch(self, hashes: list[str]) -> None:
        missing = [name for name in hashes if not (self._folder / "columns" / name).exists()]
        for name, data in zip(missing, fetch_columns(self._connection, self._user, missing), strict=True):
            write(self._folder / "columns" / name, data)

    def _bokehjs(self, version: str, name: str) -> None:
        """Write a file of BokehJS: the server's, else that of this Python's Bokeh if it is the same."""
        place = f"static/bokehjs/{version}/{name}.min.js"
        try:
            self._file(place, f"/{place}")
        except NotFound:
            own = bokehjs_path() / "js" / f"{name}.min.js"
            if version != bokeh.__version__ or not own.exists():
                raise
            write(self._folder / place, own.read_bytes())

    def _file(self, place: str, path: str) -> None:
        if not (self._folder / place).exists():
            write(self._folder / place, self._connection.request("GET", path).content)


def _base64(data: bytes) -> str:
    """Return bytes as Bokeh writes them into JSON."""
    encoded = Buffer("", data).to_base64()  # type: ignore[arg-type]  # its id does not matter
    if not isinstance(encoded, str):
        raise CloudError("This Bokeh writes binary data in a way that is not known here.")
    return encoded
