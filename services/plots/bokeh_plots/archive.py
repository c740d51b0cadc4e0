"""An account's plots as files of an archive.

plots/{id}/plot.json                  the plot: name, title, visibility, versions
plots/{id}/versions/{n}/scene.json    the Bokeh document, with hashes where the columns' bytes stood
plots/{id}/versions/{n}/manifest.json what belongs to it: data sources, parts of BokehJS, extensions
plots/{id}/extensions/{hash}.js       the JavaScript of custom models
"""

from collections.abc import Iterator

from bokeh_common.archive import json_member, member
from bokeh_plots.plots import Plot, Plots
from bokeh_plots.records import Records

PAGE = 100


class Archive:
    """Writes the plots of one account after the other."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._plots = Plots(records)

    def blocks(self, user: str) -> Iterator[bytes]:
        """Yield the files of all plots; one scene at a time is in memory."""
        after = ""
        while page := self._plots.page(user, after, PAGE):
            for plot in page:
                yield from self._plot(plot)
            after = page[-1].name

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
                script = self._records.blob("extensions", plot.user_id, name)
                yield from member(f"{folder}/extensions/{name}.js", len(script), [script])
                written.add(name)
