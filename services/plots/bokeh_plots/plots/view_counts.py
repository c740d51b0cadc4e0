"""View counts and thumbnails of plots.

Neither is part of the plot, whose record and etag do not change when it is viewed. Each plot has a second
record for them.
"""

from collections.abc import Callable
from typing import Any

from bokeh_common.compare_and_swap import compare_and_swap
from bokeh_common.errors import Conflict, NotFound
from bokeh_common.storage import Absent
from bokeh_plots.plots.plots import Plot, Plots
from bokeh_plots.storage.repository import PlotRepository

Change = Callable[[dict[str, Any]], dict[str, Any]]


class ViewCounts:
    """The view counts and thumbnails of all plots."""

    def __init__(self, repository: PlotRepository, plots: Plots) -> None:
        self._repository = repository
        self._plots = plots

    def of_account(self, user: str) -> dict[str, dict[str, Any]]:
        """Return view counts and thumbnails of an account's plots by their ids; see `of_plot`."""
        return {plot: _with_defaults(value) for plot, value in self._repository.all_views(user)}

    def of_plot(self, plot: Plot) -> dict[str, Any]:
        """Return `views`, `thumbnail` (a hash, or None) and `pictured`, the version that it shows.

        There is no thumbnail for a reader if it shows a version that the reader may not see.
        """
        counts = _with_defaults(self._repository.views(plot.user_id, plot.id)[0])
        return without_hidden_thumbnail(plot, counts)

    def add(self, plot: str, views: int) -> None:
        """Add to the view count of a plot; do nothing if the plot does not exist."""
        try:
            found = self._plots.by_id(plot)
        except NotFound:
            return
        self._change(found, lambda value: {**value, "views": value.get("views", 0) + views})

    def keep_thumbnail(self, plot: Plot, version: int, image: bytes) -> None:
        """Store the thumbnail of a version, from `render_thumbnail`.

        Raises:
            NotFound: the plot does not have this version.
        """
        plot.find(version)
        name = self._repository.put_thumbnail(plot.user_id, plot.id, image)
        before = self._change(plot, lambda value: {**value, "thumbnail": name, "pictured": version})
        if before.get("thumbnail") not in {None, name}:
            self._repository.delete_thumbnail(plot.user_id, plot.id, before["thumbnail"])

    def delete_thumbnail(self, plot: Plot, version: int) -> None:
        """Delete the thumbnail if it is that of a version."""

        def without(value: dict[str, Any]) -> dict[str, Any]:
            is_shown = value.get("pictured") == version
            return {**value, "thumbnail": None, "pictured": None} if is_shown else value

        if self._repository.views(plot.user_id, plot.id)[0].get("pictured") != version:
            return
        before = self._change(plot, without)
        if before.get("pictured") == version:
            self._repository.delete_thumbnail(plot.user_id, plot.id, before["thumbnail"])

    def thumbnail(self, plot: Plot) -> bytes:
        """Return the thumbnail as a PNG, see `of_plot`; `NotFound`."""
        name = self.of_plot(plot)["thumbnail"]
        if name is None:
            raise NotFound("There is no thumbnail of this plot yet; its owner's browser makes one.")
        return self._repository.thumbnail(plot.user_id, plot.id, name)

    def _change(self, plot: Plot, change: Change) -> dict[str, Any]:
        """Apply a change to the current value until no other process changes it; return the value before."""

        def write(found: tuple[dict[str, Any], str | Absent]) -> dict[str, Any]:
            value, etag = found
            changed = change(value)
            thumbnail = changed.get("thumbnail")
            new = None if thumbnail == value.get("thumbnail") else thumbnail
            self._repository.put_views(plot.user_id, plot.id, changed, etag, new)
            return value

        busy = Conflict("The view count of this plot changes too often at the moment; try again.")
        return compare_and_swap(lambda: self._repository.views(plot.user_id, plot.id), write, busy)


def without_hidden_thumbnail(plot: Plot, counts: dict[str, Any]) -> dict[str, Any]:
    """Return view counts without the thumbnail, if it shows none of the versions of a plot.

    Args:
        plot: the plot with the versions that the reader may see.
        counts: those of the plot.
    """
    is_visible = any(version.version == counts["pictured"] for version in plot.versions)
    return counts if is_visible else {**counts, "thumbnail": None, "pictured": None}


def _with_defaults(value: dict[str, Any]) -> dict[str, Any]:
    return {"views": 0, "thumbnail": None, "pictured": None, **value}
