"""An account's plots as files of a tar archive.

plots/{id}/plot.json                    the plot: name, title, visibility, history, versions
plots/{id}/versions/{n}/scene.json      the scene: the Bokeh document with hashes in the place of arrays
plots/{id}/versions/{n}/manifest.json   what belongs to the version: data sources, bundles, extensions
plots/{id}/extensions/{hash}.js         the JavaScript of custom models
"""

from collections.abc import Iterator

from bokeh_common.tar_stream import json_member, member
from bokeh_plots.plots.plots import Plot, Plots
from bokeh_plots.storage.repository import PlotRepository

PAGE = 100


class PlotExporter:
    """Writes the plots of an account, one after the other."""

    def __init__(self, repository: PlotRepository) -> None:
        self._repository = repository
        self._plots = Plots(repository)

    def blocks(self, user: str) -> Iterator[bytes]:
        """Yield the files of all plots, without the end of the archive; one scene at a time is in memory."""
        after = ""
        while page := self._plots.page(user, after, PAGE):
            for plot in page:
                yield from self._plot(plot)
            after = page[-1].place

    def _plot(self, plot: Plot) -> Iterator[bytes]:
        folder = f"plots/{plot.id}"
        yield from json_member(f"{folder}/plot.json", plot.record)
        written: set[str] = set()
        for version in plot.versions:
            manifest = self._plots.manifest(plot, version.version)
            scene = self._plots.scene(plot, manifest)
            place = f"{folder}/versions/{version.version}"
            yield from member(f"{place}/scene.json", len(scene), [scene])
            yield from json_member(f"{place}/manifest.json", manifest)
            for name in [name for name in manifest["extensions"] if name not in written]:
                script = self._repository.blob("extensions", plot.user_id, name)
                yield from member(f"{folder}/extensions/{name}.js", len(script), [script])
                written.add(name)
