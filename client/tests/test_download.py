import os
from typing import Any

import pytest

from bokeh_cloud.config.address import ServerAddress
from bokeh_cloud.connection import Connection
from bokeh_cloud.errors import CloudError, ServerUnreachable
from bokeh_cloud.publishing.download import fetch_columns, fetch_document

from .inmemory import InMemoryCloud


@pytest.fixture
def connection(cloud: InMemoryCloud) -> Connection:
    return Connection(ServerAddress(cloud.url))


def test_columns_are_fetched_in_order_and_in_batches(connection: Connection, cloud: InMemoryCloud) -> None:
    cloud.columns = {f"{number:064x}": os.urandom(number % 7) for number in range(1001)}
    names = list(reversed(cloud.columns))
    assert list(fetch_columns(connection, "local", names)) == [cloud.columns[name] for name in names]
    assert cloud.requests["POST /local/data/columns"] == 2


def test_no_columns_need_no_request(connection: Connection, cloud: InMemoryCloud) -> None:
    assert list(fetch_columns(connection, "local", [])) == []
    assert not cloud.requests


def test_an_incomplete_response_is_an_error(
    connection: Connection, cloud: InMemoryCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = InMemoryCloud.read_columns

    def cut(self: InMemoryCloud, **asked: Any) -> tuple[int, Any, dict[str, str]]:
        status, data, headers = answered(self, **asked)
        return status, data[:-1], headers

    cloud.routes = [(m, p, cut if handler is answered else handler) for m, p, handler in cloud.routes]
    cloud.columns = {"a": b"12345678"}
    with pytest.raises(ServerUnreachable, match="closed during a download"):
        list(fetch_columns(connection, "local", ["a"]))


def test_damaged_columns_are_an_error(connection: Connection, cloud: InMemoryCloud) -> None:
    cloud.columns = {"a": b"\xff\0\0\0"}
    scene = {"roots": [{"type": "packed", "data": {"id": "a"}}]}
    cloud.routes = [("GET", "/scene", lambda self, **_: (200, scene, {})), *cloud.routes]
    with pytest.raises(CloudError, match="damaged"):
        fetch_document(connection, "local", "/scene")
