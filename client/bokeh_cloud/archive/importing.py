"""Publishes what an exported folder holds, under the same names and with the same versions and hashes."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..columns import Column, column
from ..errors import CloudError
from ..plot import Plot
from ..upload import create_sources, upload_chunks
from .layout import read_json
from .live import import_sources

if TYPE_CHECKING:
    from ..server import Server


def import_(server: "Server", folder: Path) -> list[Plot]:
    """Publish the plots of a folder that `export` wrote, and return them.

    A plot that is there already gets the versions that it lacks, if those that it has are as many; so an
    import that broke goes on where it was.

    Raises:
        CloudError: see `Connection.request`; the folder is not one, or damaged; or a name is taken by a plot
            with more versions.
    """
    found = sorted((folder / "plots").glob("*/plot.json"))
    if not found:
        raise CloudError(f"There is nothing to import in {folder}: it was not made by `bokeh-cloud export`.")
    import_sources(server, folder)
    importer = _Importer(server, folder)
    there = {plot.name: plot for plot in server.plots()}
    return [importer.plot(path.parent, there) for path in found]


class _Importer:
    """One run."""

    def __init__(self, server: "Server", folder: Path):
        self._server = server
        self._folder = folder
        self._kinds: Mapping[str, Any] = read_json(folder / "columns.json")

    def plot(self, place: Path, there: Mapping[str, Plot]) -> Plot:
        about = read_json(place / "plot.json")
        name, versions = about["name"], about["versions"]
        done = there[name].version if name in there else 0
        if done > versions[-1]:
            raise CloudError(
                f"There is a plot {name!r} with {done} versions on {self._server.url} already, and this one "
                f"has {len(versions)}: delete that one, or import into another account."
            )
        for number in versions:
            if number > done:
                self._version(name, about["title"], place / str(number))
        plot = self._server.plot(name)
        if plot.visibility != about["visibility"]:
            plot.visibility = about["visibility"]
        return plot

    def _version(self, name: str, title: str, place: Path) -> None:
        parts = read_json(place / "parts.json")
        connection, user = self._server.connection, self._server.user_id
        own = [source for source in parts["sources"] if "live" not in source]
        sources = [{key: self._column(hashed) for key, hashed in source["columns"].items()} for source in own]
        columns = [item for source in sources for item in source.values()]
        upload_chunks(connection, user, columns, f"Importing {name}")
        named = {f"{index}": source for index, source in enumerate(sources)}
        ids = iter(create_sources(connection, user, named, [source["name"] for source in own]))
        body = {
            "name": name,
            "title": title,
            "document": read_json(place / "scene.json"),
            "bundles": parts["bundles"],
            "extensions": [self._extension(item) for item in parts["extensions"]],
            "sources": [
                {"model": source["model"], "id": source["live"], "version": source["version"]}
                if "live" in source
                else {"model": source["model"], "id": next(ids)}
                for source in parts["sources"]
            ],
            "version": int(place.name),
        }
        connection.json("POST", f"/{quote(user)}/store", json=body)

    def _column(self, name: str) -> Column:
        kind = self._kinds[name]
        path = self._folder / "columns" / name
        try:
            found = column(kind["dtype"], kind["shape"], path.read_bytes())
        except (OSError, ValueError, KeyError) as error:
            raise CloudError(f"{path} is damaged or gone ({error}); export again.") from error
        if found.hash != name:
            raise CloudError(f"{path} is damaged: its contents are not those of its name; export again.")
        return found

    def _extension(self, name: str) -> str:
        return (self._folder / "extensions" / f"{name}.js").read_text(encoding="utf-8")
