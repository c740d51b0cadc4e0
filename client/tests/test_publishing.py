import numpy as np
import pytest
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from bokeh_cloud.config.address import ServerAddress
from bokeh_cloud.connection import Connection
from bokeh_cloud.errors import NotPublishable, Rejected
from bokeh_cloud.publishing.publication import MAX_ATTEMPTS, prepare

from .inmemory import InMemoryCloud, Problem


def make_figure() -> figure:
    result = figure()
    result.line(np.arange(5.0), ["a", "b", "c", "d", "e"])
    return result


def test_the_sources_are_named_after_the_plot_and_their_columns(cloud: InMemoryCloud) -> None:
    publication = prepare(make_figure(), "letters")
    publication.send(Connection(ServerAddress(cloud.url)), "local")
    (source,) = cloud.sources.values()
    assert source["name"] == "letters/x, y"
    (stored,) = cloud.plots["letters"]["versions"]
    assert stored["sources"] == [{"model": publication.document.sources[0].model, "id": source["id"]}]
    assert (stored["bundles"], stored["extensions"], "title" in stored) == (["bokeh"], [], False)


def test_sources_keep_the_names_of_their_models_and_may_share_a_name(cloud: InMemoryCloud) -> None:
    plot = figure()
    for factor in (1, 2):
        plot.line("x", "y", source=ColumnDataSource({"x": [1, 2], "y": [1, factor]}, name="prices"))
    plot.line("x", "y", source=ColumnDataSource({"x" * 200: [1, 2], "y": [1, 2]}))
    prepare(plot, "shop").send(Connection(ServerAddress(cloud.url)), "local")
    names = [source["name"] for source in cloud.sources.values()]
    assert sorted(names) == ["shop/prices", "shop/prices", "shop/" + "x" * 80]


@pytest.mark.parametrize("slug", ["missing-chunks", "missing-columns", "missing-source"])
def test_the_number_of_attempts_is_limited(cloud: InMemoryCloud, slug: str) -> None:
    def lose(method: str, path: str) -> None:
        if path == "/local/store":
            raise Problem(422, slug)

    cloud.before_request = lose
    with pytest.raises(Rejected):
        prepare(make_figure(), "letters").send(Connection(ServerAddress(cloud.url)), "local")
    assert cloud.requests["POST /local/store"] == MAX_ATTEMPTS


def test_the_error_names_a_column_that_cannot_be_stored() -> None:
    bad = figure()
    bad.line([1], ["\ud800"])
    with pytest.raises(NotPublishable, match="column 'y' cannot be stored"):
        prepare(bad, "bad")
