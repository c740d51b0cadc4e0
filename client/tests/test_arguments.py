"""What objects accept and show: wrong types and unknown attributes are refused, and no key is shown."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from bokeh.plotting import figure

import bokeh_cloud
from bokeh_cloud import NotPublishable, Server
from bokeh_cloud.data.source_client import SourceClient
from bokeh_cloud.data.sources import RemoteDataSource
from bokeh_cloud.errors import CloudError
from bokeh_cloud.expiry import parse_expiry

from .inmemory import InMemoryCloud, listening
from .test_plot import plot


def test_dir_has_what_is_public_and_nothing_else() -> None:
    assert dir(bokeh_cloud) == sorted([*bokeh_cloud.__all__, "__doc__", "__version__"])
    for name in bokeh_cloud.__all__:
        assert getattr(bokeh_cloud, name).__name__ == name


def test_objects_show_name_version_and_address_and_no_key() -> None:
    cloud = InMemoryCloud(apikey="bkp_secret")
    with listening(cloud) as url, Server(url, apikey="bkp_secret") as server:
        assert repr(server) == f"<Server {url}>"
        assert not cloud.requests
        assert server.user_id == "local"
        assert repr(server) == f"<Server {url}, account 'local'>"
        assert f'href="{url}"' in server._repr_html_()
        shown = repr(server) + server._repr_html_() + repr(vars(server))
    assert "secret" not in shown


def test_a_closed_server_can_be_used_again(server: Server) -> None:
    with server as same:
        assert same is server
        assert same.plots() == []
    server.close()
    assert server.plots() == []


@pytest.mark.parametrize("attribute", ["visiblity", "name", "url", "version"])
def test_attributes_that_cannot_be_set_are_refused(attribute: str) -> None:
    with pytest.raises(AttributeError, match=f"Plot.{attribute} cannot be set"):
        setattr(plot(), attribute, "public")


def test_the_message_names_the_attribute_that_was_meant() -> None:
    with pytest.raises(AttributeError, match="Did you mean visibility"):
        plot().visiblity = "public"  # type: ignore[attr-defined]  # which is what is tested
    with pytest.raises(AttributeError, match="no attributes to set"):
        Server().timeout = 3  # type: ignore[attr-defined]  # as above


#: The types are wrong on purpose, so mypy must not know them.
UNTYPED_SERVER: Any = Server
CALLS: list[tuple[str, Callable[[Any, Any], object]]] = [
    ("url must be a string, such as .*, not int", lambda server, plot: UNTYPED_SERVER(5)),
    ("apikey must be a string", lambda server, plot: UNTYPED_SERVER(apikey=b"bkp_1")),
    ("name must be a string, such as .*, not figure", lambda server, plot: server.publish("sine", figure())),
    ("title must be a string", lambda server, plot: server.publish(figure(), "a", title=5)),
    ("tags must be a list of strings", lambda server, plot: server.publish(figure(), "a", tags="wind")),
    ("name must be a string", lambda server, plot: server.plot(5)),
    ("name must be a string", lambda server, plot: server.source(None)),
    ("names must be a list of strings", lambda server, plot: server.export("folder", "sine")),
    ("email must be a string", lambda server, plot: server.register(None, "maria")),
    ("scopes must be a list of strings", lambda server, plot: server.keys.create("a", "plots:read")),
    ("version must be an integer, such as 3, not str", lambda server, plot: plot.rollback("3")),
    ("version must be an integer", lambda server, plot: plot.at(True)),
    ("origins must be a list of strings", lambda server, plot: plot.share(origins="https://a.org")),
    ("expires must be a duration .*, not int", lambda server, plot: plot.share(7)),
    ("history must be True or False", lambda server, plot: plot.share(history="no")),
    ("title must be a string", lambda server, plot: setattr(plot, "title", 5)),
    ("visibility must be a string", lambda server, plot: plot.set_visibility(True)),
    ("rows must be a slice.*'-3:', not int", lambda server, plot: source(server).rows("x", rows=-3)),
    (
        "rollover must be an integer.*not str",
        lambda server, plot: source(server).stream(x=[1], rollover="10"),
    ),
    ("flush_interval must be.*not str", lambda server, plot: source(server).writer(flush_interval="1s")),
]
VALUES: list[tuple[str, Callable[[Any, Any], object]]] = [
    ("rollover must be at least 1", lambda server, plot: source(server).stream(x=[1], rollover=0)),
    ("rollover must be at least 1", lambda server, plot: source(server).writer(rollover=0)),
    ("flush_interval must be from 0", lambda server, plot: source(server).writer(flush_interval=-1)),
    ("be private, link or public, not 'everyone'", lambda server, plot: plot.set_visibility("everyone")),
    ("be private, link or public", lambda server, plot: setattr(plot, "visibility", "everyone")),
    ("be private, link or public", lambda server, plot: plot.change(visibility="everyone")),
]


def source(server: Server) -> Any:
    x = {"hash": "00", "dtype": "float64", "shape": [1200], "size": 9600}
    summary = {"id": "k3", "name": "<a>", "live": True, "version": 2, "columns": {"x": x}}
    return RemoteDataSource(SourceClient(server, summary, None))


@pytest.mark.parametrize(("message", "call"), VALUES)
def test_impossible_values_are_refused_before_anything_is_sent(
    message: str, call: Callable[[Any, Any], object], server: Server, cloud: InMemoryCloud
) -> None:
    with pytest.raises(ValueError, match=message):
        call(server, plot())
    assert not [request for request in cloud.requests if "whoami" not in str(request)]


@pytest.mark.parametrize(("message", "call"), CALLS)
def test_wrong_types_are_refused_with_an_example(
    message: str, call: Callable[[Any, Any], object], server: Server
) -> None:
    with pytest.raises(TypeError, match=message):
        call(server, plot())


def test_an_unknown_visibility_is_refused_before_anything_is_sent(
    server: Server, cloud: InMemoryCloud
) -> None:
    with pytest.raises(NotPublishable, match="private, link, public, not 'everyone'"):
        server.publish(figure(), "a", visibility="everyone")
    assert not cloud.requests


def test_expiries_are_durations_dates_or_times() -> None:
    now = datetime(2027, 1, 1, tzinfo=UTC)
    assert parse_expiry("7d", now) == parse_expiry(timedelta(days=7), now) == "2027-01-08T00:00:00Z"
    assert parse_expiry(datetime(2027, 1, 31, 12, tzinfo=UTC)) == "2027-01-31T12:00:00Z"
    end = datetime(2027, 2, 1).astimezone(UTC)
    assert parse_expiry(date(2027, 1, 31)) == parse_expiry("2027-01-31") == f"{end:%Y-%m-%dT%H:%M:%SZ}"
    with pytest.raises(CloudError, match="is not a time"):
        parse_expiry("soon")


def test_sources_show_their_page_and_columns(server: Server) -> None:
    x = {"hash": "00", "dtype": "float64", "shape": [1200], "size": 9600}
    word = {"hash": "01", "dtype": "packed", "shape": [90], "size": 90}
    summary = {"id": "k3", "name": "<a>", "live": True, "version": 2, "columns": {"x": x, "word": word}}
    source = RemoteDataSource(SourceClient(server, summary, None))
    assert repr(source) == f"<RemoteDataSource '<a>', version 2: x, word; {server.url}/data/k3>"
    html = source._repr_html_()
    assert f'<a href="{server.url}/data/k3"' in html
    assert "&lt;a&gt;</a> &middot; version 2" in html
    assert "<td>x</td><td>float64</td><td>1,200</td>" in html
    assert "<td>word</td><td>packed</td><td></td>" in html


def test_versions_may_be_integers_of_numpy(server: Server) -> None:
    fig = figure()
    fig.line([1, 2], [3, 4])
    published = server.publish(fig, "a")
    with pytest.raises(CloudError):  # the cloud in memory has no rollback, and the request is sent
        published.rollback(np.int64(1))  # type: ignore[arg-type]  # not an int for mypy
