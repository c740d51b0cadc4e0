"""What visits leave behind: how often a plot was seen, and a picture of it that a browser drew.

Neither is part of the plot, whose record and etag do not change by being looked at; so each plot has a second
record for them.
"""

from collections.abc import Callable
from typing import Any

from bokeh_common.errors import Conflict, NotFound
from bokeh_plots.plots import Plot, Plots
from bokeh_plots.records import Records
from bokeh_plots.thumbnails import redrawn

ATTEMPTS = 20

Change = Callable[[dict[str, Any]], dict[str, Any]]


class Visits:
    """The visits of all plots."""

    def __init__(self, records: Records, plots: Plots) -> None:
        self._records = records
        self._plots = plots

    def of(self, user: str) -> dict[str, dict[str, Any]]:
        """Return what is known of the account's plots, by their ids; see `of_plot`."""
        return {plot: _shown(value) for plot, value in self._records.visits(user)}

    def of_plot(self, plot: Plot) -> dict[str, Any]:
        """Return `views`, `thumbnail` (a hash, or None) and `pictured`, the version that it shows."""
        return _shown(self._records.visit(plot.user_id, plot.id)[0])

    def count(self, plot: str, views: int) -> None:
        """Add to the views of a plot; one that is gone is left alone."""
        try:
            found = self._plots.by_id(plot)
        except NotFound:
            return
        self._change(found, lambda value: {**value, "views": value.get("views", 0) + views})

    def keep_thumbnail(self, plot: Plot, version: int, data: bytes) -> None:
        """Keep a picture of a version; `Invalid` where it is none, `NotFound` where that version is none."""
        plot.find(version)
        name = self._records.put_thumbnail(plot.user_id, plot.id, redrawn(data))
        before = self._change(plot, lambda value: {**value, "thumbnail": name, "pictured": version})
        if before.get("thumbnail") not in {None, name}:
            self._records.drop_thumbnail(plot.user_id, plot.id, before["thumbnail"])

    def thumbnail(self, plot: Plot) -> bytes:
        """Return the PNG; `NotFound`."""
        name = self.of_plot(plot)["thumbnail"]
        if name is None:
            raise NotFound("There is no picture of this plot yet; its owner's browser makes one.")
        return self._records.thumbnail(plot.user_id, plot.id, name)

    def _change(self, plot: Plot, change: Change) -> dict[str, Any]:
        """Make a change, on top of those that others make meanwhile; return what was there before."""
        for _ in range(ATTEMPTS):
            value, etag = self._records.visit(plot.user_id, plot.id)
            changed = change(value)
            picture = changed.get("thumbnail")
            picture = None if picture == value.get("thumbnail") else picture
            try:
                self._records.put_visit(plot.user_id, plot.id, changed, etag, picture)
            except Conflict:
                continue
            return value
        raise Conflict("Others keep looking at this plot at this moment; try again.")


def _shown(value: dict[str, Any]) -> dict[str, Any]:
    return {"views": 0, "thumbnail": None, "pictured": None, **value}
