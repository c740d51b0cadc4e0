import os

import pytest

from bokeh_cloud.columns import Chunk, Column, column
from bokeh_cloud.config.address import Address
from bokeh_cloud.connection import Connection
from bokeh_cloud.errors import Rejected
from bokeh_cloud.upload import create_sources, upload_chunks

from .inmemory import InMemoryCloud, Problem

UPLOAD = "PUT /local/data/chunks/HASH"
MISSING = "POST /local/data/chunks/missing"


@pytest.fixture
def connection(cloud: InMemoryCloud) -> Connection:
    return Connection(Address(cloud.url))


def test_only_what_is_missing_is_sent(connection: Connection, cloud: InMemoryCloud) -> None:
    old, new = column("uint8", [3], b"old"), column("uint8", [3], b"new")
    upload_chunks(connection, "local", [old], "")
    upload_chunks(connection, "local", [old, new, new], "")
    assert cloud.requests[UPLOAD] == 2
    assert set(cloud.chunks) == {old.chunks[0].hash, new.chunks[0].hash}


def test_nothing_to_send_asks_nothing(connection: Connection, cloud: InMemoryCloud) -> None:
    upload_chunks(connection, "local", [column("float64", [0], b"")], "")
    assert not cloud.requests


def test_many_hashes_are_asked_for_in_several_requests(connection: Connection, cloud: InMemoryCloud) -> None:
    names = [f"{number:064x}" for number in range(10_001)]
    cloud.chunks = dict.fromkeys(names, b"")
    chunks = tuple(Chunk(name, memoryview(b"")) for name in names)
    upload_chunks(connection, "local", [Column("packed", (0,), chunks, "")], "")
    assert cloud.requests == {MISSING: 2}


def test_the_first_refusal_ends_the_upload(connection: Connection, cloud: InMemoryCloud) -> None:
    def refuse(method: str, path: str) -> None:
        if method == "PUT":
            raise Problem(413, "too-large", "The account is full.")

    cloud.trouble = refuse
    columns = [column("uint8", [8], os.urandom(8)) for _ in range(100)]
    with pytest.raises(Rejected, match="The account is full"):
        upload_chunks(connection, "local", columns, "")
    assert cloud.requests[UPLOAD] < 50


def test_sources_come_back_in_order_and_the_same_have_one_id(
    connection: Connection, cloud: InMemoryCloud
) -> None:
    x, y = column("uint8", [1], b"x"), column("uint8", [1], b"y")
    upload_chunks(connection, "local", [x, y], "")
    first, second, third, empty = create_sources(
        connection, "local", {"a": {"x": x}, "b": {"x": x, "y": y}, "c": {"x": x}, "d": {}}
    )
    assert first == third != second
    assert cloud.sources[second]["columns"]["y"]["hash"] == y.hash
    assert cloud.sources[empty]["columns"] == {}
