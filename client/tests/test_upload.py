import os

import pytest

from bokeh_cloud.columns.chunked_column import ChunkedColumn, ChunkView, chunked_column
from bokeh_cloud.config.address import ServerAddress
from bokeh_cloud.connection import Connection
from bokeh_cloud.errors import Rejected
from bokeh_cloud.publishing.upload import create_sources, upload_chunks

from .inmemory import InMemoryCloud, Problem

UPLOAD = "PUT /local/data/chunks/HASH"
MISSING = "POST /local/data/chunks/missing"


@pytest.fixture
def connection(cloud: InMemoryCloud) -> Connection:
    return Connection(ServerAddress(cloud.url))


def test_only_missing_chunks_are_uploaded(connection: Connection, cloud: InMemoryCloud) -> None:
    old, new = chunked_column("uint8", [3], b"old"), chunked_column("uint8", [3], b"new")
    upload_chunks(connection, "local", [old], "")
    upload_chunks(connection, "local", [old, new, new], "")
    assert cloud.requests[UPLOAD] == 2
    assert set(cloud.chunks) == {old.chunks[0].hash, new.chunks[0].hash}


def test_columns_without_chunks_need_no_request(connection: Connection, cloud: InMemoryCloud) -> None:
    upload_chunks(connection, "local", [chunked_column("float64", [0], b"")], "")
    assert not cloud.requests


def test_many_hashes_are_sent_in_several_requests(connection: Connection, cloud: InMemoryCloud) -> None:
    names = [f"{number:064x}" for number in range(10_001)]
    cloud.chunks = dict.fromkeys(names, b"")
    chunks = tuple(ChunkView(name, memoryview(b"")) for name in names)
    upload_chunks(connection, "local", [ChunkedColumn("packed", (0,), chunks, "")], "")
    assert cloud.requests == {MISSING: 2}


def test_the_first_error_ends_the_upload(connection: Connection, cloud: InMemoryCloud) -> None:
    def refuse(method: str, path: str) -> None:
        if method == "PUT":
            raise Problem(413, "too-large", "The account is full.")

    cloud.before_request = refuse
    columns = [chunked_column("uint8", [8], os.urandom(8)) for _ in range(100)]
    with pytest.raises(Rejected, match="The account is full"):
        upload_chunks(connection, "local", columns, "")
    assert cloud.requests[UPLOAD] < 50


def test_ids_of_sources_are_in_order_and_equal_for_equal_columns(
    connection: Connection, cloud: InMemoryCloud
) -> None:
    x, y = chunked_column("uint8", [1], b"x"), chunked_column("uint8", [1], b"y")
    upload_chunks(connection, "local", [x, y], "")
    first, second, third, empty = create_sources(
        connection, "local", {"a": {"x": x}, "b": {"x": x, "y": y}, "c": {"x": x}, "d": {}}
    )
    assert first == third != second
    assert cloud.sources[second]["columns"]["y"]["hash"] == y.hash
    assert cloud.sources[empty]["columns"] == {}
