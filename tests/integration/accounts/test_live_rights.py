"""A listener who may no longer see a plot gets no more events of it."""

from collections.abc import Mapping
from typing import Any

import pytest

import bokeh_cloud
from tests.integration.accounts.conftest import PUBLISHING
from tests.integration.test_api_spec.caller import document
from tests.support.live_rows import EventReader, open_stream
from tests.support.users import RunningCloud, User


class LivePlot:
    """A live plot of Ada."""

    def __init__(self, cloud: RunningCloud, ada: User, name: str) -> None:
        self.cloud = cloud
        self.key = ada.make_key(*PUBLISHING)
        self.source = bokeh_cloud.Server(cloud.url, apikey=self.key).DataSource(name, y=[1.0, 2.0])
        column = self.request("GET", f"/ada/data/{self.source.source_id}")["columns"]["y"]
        body = {
            "name": name,
            "document": document(column),
            "sources": [{"model": "p2", "id": self.source.source_id}],
        }
        self.id = self.request("POST", "/ada/store", json=body)["id"]
        self.path = f"/ada/plots/{self.id}"

    def request(self, method: str, path: str, **options: Any) -> Any:
        response = self.cloud.request(method, path, self.key, **options)
        assert response.ok, response.text
        return response.json() if response.content else None

    def stream(self, token: str | None) -> Any:
        headers: Mapping[str, str] | None = {"Authorization": f"Bearer {token}"} if token else None
        return open_stream(self.cloud.url, self.id, authorization=headers)


@pytest.fixture
def live(cloud: RunningCloud, ada: User, request: pytest.FixtureRequest) -> LivePlot:
    return LivePlot(cloud, ada, f"rights {request.node.name}"[:60])


def assert_ended(events: EventReader) -> None:
    """Assert that a stream ends without another event."""
    assert events.next() is None


def assert_open(events: EventReader) -> None:
    event = events.next()
    assert event is not None
    assert event["event"] == "data"


def test_a_stream_ends_when_its_plot_is_made_private(live: LivePlot) -> None:
    live.request("PATCH", live.path, json={"visibility": "link"})
    with live.stream(None) as visitor, live.stream(live.key) as owner:
        live.source.stream(y=[3.0])
        assert_open(visitor)
        assert_open(owner)
        live.request("PATCH", live.path, json={"visibility": "private"})
        live.source.stream(y=[4.0])
        assert_ended(visitor)
        assert_open(owner)


def test_a_stream_ends_when_its_share_link_is_revoked(live: LivePlot) -> None:
    links = [live.request("POST", f"{live.path}/shares", json={}) for _ in range(2)]
    tokens = [link["show"].split("share=")[1] for link in links]
    with live.stream(tokens[0]) as revoked, live.stream(tokens[1]) as other:
        live.source.stream(y=[3.0])
        assert_open(revoked)
        assert_open(other)
        live.request("DELETE", f"{live.path}/shares/{links[0]['id']}")
        live.source.stream(y=[4.0])
        assert_ended(revoked)
        assert_open(other)


def test_a_stream_ends_when_its_plot_is_deleted(live: LivePlot) -> None:
    with live.stream(live.key) as owner:
        live.request("DELETE", live.path)
        assert_ended(owner)
