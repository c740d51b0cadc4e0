"""Publishes the plots of an exported folder, with the same names, versions and hashes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bokeh_cloud.account import AccountClient
from bokeh_cloud.archive.attempts import Attempts
from bokeh_cloud.archive.layout import read_json
from bokeh_cloud.archive.live_sources import import_source
from bokeh_cloud.columns.chunked_column import ChunkedColumn, chunked_column
from bokeh_cloud.errors import CloudError
from bokeh_cloud.plots.catalog import find_plot, list_plots
from bokeh_cloud.plots.plot import Plot
from bokeh_cloud.publishing.upload import create_sources, upload_chunks


def import_(account: AccountClient, folder: Path) -> list[Plot]:
    """Publish the plots of a folder that `export` wrote, and return them.

    If the account has a plot already, it gets the versions that it lacks, provided that it has no more
    versions than the folder. So an import that failed can be repeated.

    Raises:
        CloudError: see `Connection.request`; or the folder was not exported.
        Incomplete: some files are damaged, or the account has plots of the same names with more versions; the
            others are imported.
    """
    plot_files = sorted((folder / "plots").glob("*/plot.json"))
    if not plot_files:
        raise CloudError(f"There is nothing to import in {folder}: `bokeh-cloud export` did not write it.")
    attempts, imported = Attempts(account), []
    for source_folder in sorted((folder / "sources").glob("*")):
        with attempts.of(f"the data source {source_folder.name}"):
            import_source(account, folder, source_folder)
    importer = _Importer(account, folder)
    existing = {plot.name: plot for plot in list_plots(account)}
    for file in plot_files:
        with attempts.of(f"the plot in {file.parent}"):
            imported.append(importer.import_plot(file.parent, existing))
    attempts.finish("imported", imported)
    return imported


#: Members of `plot.json` that are set after the versions.
SETTINGS = ("visibility", "history", "description", "tags")


class _Importer:
    """Imports plots of one folder."""

    def __init__(self, account: AccountClient, folder: Path):
        self._account = account
        self._folder = folder
        self._columns: Mapping[str, Any] = read_json(folder / "columns.json")

    def import_plot(self, plot_folder: Path, existing: Mapping[str, Plot]) -> Plot:
        metadata = read_json(plot_folder / "plot.json")
        name, versions = metadata["name"], metadata["versions"]
        newest = existing[name].version if name in existing else 0
        if newest > versions[-1]:
            raise CloudError(
                f"There is a plot {name!r} with {newest} versions on {self._account.url} already, and the "
                f"folder has {len(versions)}: delete the former, or import into another account."
            )
        for number in versions:
            if number > newest:
                self._import_version(name, metadata["title"], plot_folder / str(number))
        plot = find_plot(self._account, name)
        wanted = {key: metadata[key] for key in SETTINGS if key in metadata}  # earlier releases wrote fewer
        has = {"tags": list(plot.tags), **{key: getattr(plot, key) for key in SETTINGS if key != "tags"}}
        if any(has[key] != value for key, value in wanted.items()):
            plot.change(**wanted)
        return plot

    def _import_version(self, name: str, title: str, version_folder: Path) -> None:
        parts = read_json(version_folder / "parts.json")
        connection, user = self._account.connection, self._account.user_id
        frozen = [source for source in parts["sources"] if "live" not in source]
        sources = [
            {key: self._read_column(column_hash) for key, column_hash in source["columns"].items()}
            for source in frozen
        ]
        columns = [column for source in sources for column in source.values()]
        upload_chunks(connection, user, columns, f"Importing {name}")
        by_key = {f"{index}": source for index, source in enumerate(sources)}
        names = [source["name"] for source in frozen]
        types = [source.get("types", {}) for source in frozen]
        ids = iter(create_sources(connection, user, by_key, names, types))
        body = {
            "name": name,
            "title": title,
            "document": read_json(version_folder / "scene.json"),
            "bundles": parts["bundles"],
            "extensions": [self._read_extension(item) for item in parts["extensions"]],
            "sources": [
                {"model": source["model"], "id": source["live"], "version": source["version"]}
                if "live" in source
                else {"model": source["model"], "id": next(ids)}
                for source in parts["sources"]
            ],
            "version": int(version_folder.name),
            "losses": parts.get("losses", []),
        }
        connection.json("POST", f"{self._account.user_path}/store", json=body)

    def _read_column(self, name: str) -> ChunkedColumn:
        manifest = self._columns[name]
        path = self._folder / "columns" / name
        try:
            column = chunked_column(manifest["dtype"], manifest["shape"], path.read_bytes())
        except (OSError, ValueError, KeyError) as error:
            raise CloudError(f"{path} is damaged or missing ({error}); export again.") from None
        if column.hash != name:
            raise CloudError(f"{path} is damaged: its hash is not its name; export again.")
        return column

    def _read_extension(self, name: str) -> str:
        return (self._folder / "extensions" / f"{name}.js").read_text(encoding="utf-8")
