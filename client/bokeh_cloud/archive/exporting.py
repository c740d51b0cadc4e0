"""Writes plots of an account into a folder."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import bokeh
from bokeh.core.serialization import Buffer
from bokeh.util.paths import bokehjs_path

from bokeh_cloud.account import AccountClient
from bokeh_cloud.archive import pages
from bokeh_cloud.archive.attempts import Attempts
from bokeh_cloud.archive.layout import folder_name, read_json, write, write_json
from bokeh_cloud.archive.live_sources import export_source
from bokeh_cloud.data.catalog import list_sources
from bokeh_cloud.errors import CloudError, NotFound
from bokeh_cloud.plots.catalog import find_plot, list_plots
from bokeh_cloud.plots.plot import Plot
from bokeh_cloud.progress import progress
from bokeh_cloud.publishing.download import fetch_columns
from bokeh_cloud.publishing.scene import column_hashes, inline_packed_columns


def export(account: AccountClient, folder: Path, names: Iterable[str] = ()) -> list[Plot]:
    """Write plots with all versions and data into a folder, see the package for its layout; return the plots.

    Files that exist are not downloaded again, so that an export that failed can be repeated.

    Args:
        account: that the plots belong to.
        folder: is created if it does not exist; files of an earlier export are kept.
        names: of plots; none for all plots of the account.

    Raises:
        NotFound: there is no plot of such a name.
        Incomplete: some plots or live data sources are broken on the server; the others are exported.
        CloudError: see `Connection.request`; or the folder cannot be written.
    """
    names = list(names)
    plots = [find_plot(account, name) for name in names] or list_plots(account)
    exporter, attempts, exported = _Exporter(account, folder), Attempts(account), []
    with progress("Exporting", len(plots), unit="plots") as advance:
        for plot in plots:
            with attempts.of(f"the plot {plot.name}"):
                exporter.export_plot(plot)
                exported.append(plot)
            advance(1)
    exporter.write_index()
    all_sources = () if names else (source.source_id for source in list_sources(account) if source.live)
    for source_id in sorted({*exporter.live_sources, *all_sources}):
        with attempts.of(f"the data source {source_id}"):
            export_source(account, folder, source_id)
    attempts.finish("exported", exported)
    return exported


class _Exporter:
    """Exports plots to one folder, and records the columns and live sources that they use."""

    def __init__(self, account: AccountClient, folder: Path):
        self._account = account
        self._connection = account.connection
        self._folder = folder
        columns_file = folder / "columns.json"
        self._columns: dict[str, Any] = read_json(columns_file) if columns_file.exists() else {}
        self.live_sources: set[str] = set()

    def export_plot(self, plot: Plot) -> None:
        plot_folder = self._folder / "plots" / folder_name(plot.name)
        metadata = {
            "name": plot.name,
            "title": plot.title,
            "visibility": plot.visibility,
            "history": plot.history,
            "description": plot.description,
            "tags": list(plot.tags),
        }
        numbers = sorted(item.version for item in plot.versions())
        for number in numbers:
            if not (plot_folder / str(number) / "view.json").exists():
                self._export_version(plot, number, plot_folder / str(number))
        is_live = self._record_live_sources(plot_folder, numbers)
        if is_live:
            self._export_current(plot, plot_folder, numbers[-1])
        write_json(plot_folder / "plot.json", {**metadata, "versions": numbers})
        write(plot_folder / "index.html", pages.plot_page(plot.title, numbers, is_live=is_live))

    def write_index(self) -> None:
        """Write what describes all plots of the folder."""
        self._write_columns()
        plots = sorted((self._folder / "plots").glob("*/plot.json"))
        write(self._folder / "index.html", pages.index((path.parent.name, read_json(path)) for path in plots))

    def _record_live_sources(self, plot_folder: Path, numbers: list[int]) -> bool:
        """Record the live sources of all versions, and return whether the newest version has any."""
        parts = [read_json(plot_folder / str(number) / "parts.json") for number in numbers]
        live = [{source["live"] for source in part["sources"] if "live" in source} for part in parts]
        self.live_sources.update(*live)
        return bool(live[-1])

    def _export_current(self, plot: Plot, plot_folder: Path, newest: int) -> None:
        """Write the plot as it is shown, with the newest versions of its live sources."""
        scene = self._connection.json("GET", f"{plot.path}/scene")
        self._fetch_columns(column_hashes(scene))
        parts = read_json(plot_folder / str(newest) / "parts.json")
        write_json(plot_folder / "now" / "view.json", self._make_view(scene, parts))

    def _export_version(self, plot: Plot, number: int, version_folder: Path) -> None:
        response = self._connection.request("GET", f"{plot.path}/scene?version={number}")
        scene = self._connection.decode(response)
        version = self._connection.json("GET", f"{plot.path}?version={number}")
        sources = self._connection.json("GET", f"{plot.path}/data?version={number}")["sources"]
        parts = {
            "bokeh": scene["version"],
            "bundles": version["bundles"],
            "extensions": version["extensions"],
            "losses": version.get("losses", []),
            "sources": [self._describe_source(source) for source in sources],
        }
        self._fetch_columns(column_hashes(scene))
        for name in version["extensions"]:
            self._download(f"extensions/{name}.js", f"/plots/{quote(plot.id)}/extensions/{name}.js")
        for name in version["bundles"]:
            self._download_bokehjs(scene["version"], name)
        write(version_folder / "scene.json", response.content)
        write_json(version_folder / "parts.json", parts)
        self._write_columns()  # before view.json, which marks the version as exported
        write_json(version_folder / "view.json", self._make_view(scene, parts))

    def _write_columns(self) -> None:
        write_json(self._folder / "columns.json", dict(sorted(self._columns.items())))

    def _describe_source(self, source: Mapping[str, Any]) -> dict[str, Any]:
        if source.get("live"):
            return {"model": source["model"], "live": source["id"], "version": source.get("version")}
        summary = self._connection.json("GET", f"{self._account.user_path}/data/{quote(source['id'])}")
        for column in summary["columns"].values():
            self._columns[column["hash"]] = {"dtype": column["dtype"], "shape": column["shape"]}
        columns = {name: column["hash"] for name, column in summary["columns"].items()}
        types = {name: column["type"] for name, column in summary["columns"].items() if "type" in column}
        return {"model": source["model"], "name": summary["name"], "columns": columns, "types": types}

    def _make_view(self, scene: Any, parts: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a page loads: the scene with packed columns inlined, and the names of its scripts."""

        def read(name: str) -> bytes:
            return (self._folder / "columns" / name).read_bytes()

        scripts = {key: parts[key] for key in ("bokeh", "bundles", "extensions")}
        return {**scripts, "scene": inline_packed_columns(scene, read, _base64)}

    def _fetch_columns(self, hashes: list[str]) -> None:
        missing = [name for name in hashes if not (self._folder / "columns" / name).exists()]
        columns = fetch_columns(self._connection, self._account.user_id, missing)
        for name, data in zip(missing, columns, strict=True):
            write(self._folder / "columns" / name, data)

    def _download_bokehjs(self, version: str, name: str) -> None:
        """Write a file of BokehJS from the server, else from the installed Bokeh if it has this version."""
        target = f"static/bokehjs/{version}/{name}.min.js"
        try:
            self._download(target, f"/{target}")
        except NotFound:
            installed = bokehjs_path() / "js" / f"{name}.min.js"
            if version != bokeh.__version__ or not installed.exists():
                raise
            write(self._folder / target, installed.read_bytes())

    def _download(self, target: str, path: str) -> None:
        if not (self._folder / target).exists():
            write(self._folder / target, self._connection.request("GET", path).content)


def _base64(data: bytes) -> str:
    """Return bytes as Bokeh encodes them in JSON."""
    encoded = Buffer("", data).to_base64()  # type: ignore[arg-type]  # its id does not matter
    if not isinstance(encoded, str):
        raise CloudError("This version of Bokeh encodes binary data in a way that is not supported here.")
    return encoded
