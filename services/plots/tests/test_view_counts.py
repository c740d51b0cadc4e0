"""View counts and thumbnails of plots, on a real storage."""

from dataclasses import replace

import pytest

from bokeh_common.errors import NotFound
from bokeh_common.storage import open_blobs, open_records
from bokeh_plots.plots.plots import Plot, Plots, Version
from bokeh_plots.plots.view_counts import ViewCounts
from bokeh_plots.storage.repository import PlotRepository


@pytest.fixture
def repository(storage: str) -> PlotRepository:
    return PlotRepository(open_records(storage, "plots"), open_blobs(storage, "plots"))


@pytest.fixture
def counts(repository: PlotRepository) -> ViewCounts:
    return ViewCounts(repository, Plots(repository))


@pytest.fixture
def plot() -> Plot:
    """A plot of ada with the versions 1, 2 and 3."""
    versions = tuple(Version(number, "", "", "2026-11-24T12:00:00Z") for number in (1, 2, 3))
    return Plot("p1", "sine", "Sine", "ada", "public", versions[0].created, versions)


def without(plot: Plot, *numbers: int) -> Plot:
    """Return a plot as a reader sees it who may not see some versions."""
    return replace(plot, versions=tuple(v for v in plot.versions if v.version not in numbers))


def test_a_thumbnail_is_hidden_with_its_version(counts: ViewCounts, plot: Plot) -> None:
    counts.keep_thumbnail(plot, 2, b"an image")
    assert counts.thumbnail(plot) == b"an image"
    assert counts.of_plot(plot)["pictured"] == 2
    assert counts.of_plot(without(plot, 1, 2)) == {"views": 0, "thumbnail": None, "pictured": None}
    with pytest.raises(NotFound):
        counts.thumbnail(without(plot, 1, 2))


def test_the_thumbnail_of_a_deleted_version_is_deleted(
    counts: ViewCounts, plot: Plot, repository: PlotRepository
) -> None:
    counts.keep_thumbnail(plot, 2, b"an image")
    name = counts.of_plot(plot)["thumbnail"]
    counts.delete_thumbnail(plot, 1)
    assert repository.thumbnail("ada", "p1", name) == b"an image"
    counts.delete_thumbnail(plot, 2)
    assert counts.of_plot(plot) == {"views": 0, "thumbnail": None, "pictured": None}
    with pytest.raises(NotFound):
        repository.thumbnail("ada", "p1", name)


def test_a_plot_that_was_never_viewed_stays_so(
    counts: ViewCounts, plot: Plot, repository: PlotRepository
) -> None:
    counts.delete_thumbnail(plot, 1)
    assert list(repository.all_views("ada")) == []
