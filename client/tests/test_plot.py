from datetime import UTC, datetime
from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.plotting import figure

from bokeh_cloud import Plot, Server
from bokeh_cloud.config.address import ServerAddress
from bokeh_cloud.connection import Connection

SUMMARY = {
    "id": "k3",
    "name": "sine",
    "title": None,
    "user_id": "local",
    "version": 3,
    "visibility": "private",
    "created": "2026-01-02T03:04:05Z",
    "modified": "2026-01-02T03:04:05.678901+00:00",
    "show": "/plots/k3/show",
    "embed": "/plots/k3/embed",
}


def plot(**changes: Any) -> Plot:
    return Plot({**SUMMARY, **changes}, Connection(ServerAddress("https://plots.example.org", "bkp_1")))


def test_urls_are_absolute_and_times_have_a_zone() -> None:
    found = plot()
    assert found.url == "https://plots.example.org/plots/k3/show"
    assert found.embed_url == "https://plots.example.org/plots/k3/embed"
    assert found.created == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert found.modified.microsecond == 678901


def test_the_default_title_is_the_name() -> None:
    assert plot().title == "sine"
    assert plot(title="A sine").title == "A sine"


def test_plots_are_equal_by_url_and_version() -> None:
    assert plot() == plot()
    assert plot() != plot(version=4)
    assert len({plot(), plot(title="other")}) == 1


def test_repr() -> None:
    assert repr(plot()) == "<Plot 'sine' version 3, private: https://plots.example.org/plots/k3/show>"


def test_a_version_can_be_loaded_in_bokeh(server: Server) -> None:
    first, second = figure(), figure()
    first.line(np.arange(3.0), np.arange(3.0))
    second.line([1, 2], ["a", "b"])
    old = server.publish(first, "lines")
    server.publish(second, "lines")
    opened = Document.from_json(old.to_json())
    assert opened.roots[0].id == first.id
