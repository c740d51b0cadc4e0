"""Uploads of files of rows over HTTP."""

import io
import socket
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import requests

from tests.support.embedded_server import one_process

STREAM = "application/vnd.apache.arrow.stream"
FILE = "application/vnd.apache.arrow.file"
PARQUET = "application/vnd.apache.parquet"
CSV = "text/csv"
LIMIT = 4 << 20


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    limits = {"FILE": LIMIT, "UNPACKED": 4 * LIMIT}
    environ: Any = {f"BOKEH_CLOUD_MAX_{name}_BYTES": str(limit) for name, limit in limits.items()}
    with one_process(f"local://{tmp_path_factory.mktemp('files')}", **environ) as url:
        yield f"{url}/local/data"


def table(rows: int = 1000) -> pa.Table:
    times = pa.array(np.arange(rows), pa.timestamp("ms", "UTC"))
    strings = pa.array([None if i % 7 == 0 else f"row {i}" for i in range(rows)])
    return pa.table({"x": np.arange(rows) / 4, "t": times, "text": strings})


def encode(kind: str, given: pa.Table) -> bytes:
    """Return a table as a file of a media type."""
    sink = io.BytesIO()
    if kind == PARQUET:
        pq.write_table(given, sink)
    elif kind == CSV:
        pa.csv.write_csv(given, sink)
    else:
        new = pa.ipc.new_stream if kind == STREAM else pa.ipc.new_file
        with new(sink, given.schema) as writer:
            writer.write_table(given)
    return sink.getvalue()


def send(method: str, url: str, kind: str, body: Any, **headers: str) -> requests.Response:
    return requests.request(method, url, data=body, headers={"Content-Type": kind, **headers}, timeout=60)


@pytest.mark.parametrize("kind", [STREAM, FILE, PARQUET, CSV])
def test_the_rows_of_a_file_are_stored(data: str, kind: str) -> None:
    made = send("POST", f"{data}?name=file", kind, encode(kind, table()))
    assert made.status_code == 201, made.text
    assert made.json()["live"] is True
    found = requests.get(f"{data}/{made.json()['id']}.arrow", timeout=60).content
    assert pa.ipc.open_stream(found).read_all().equals(table())
    again = send("POST", f"{data}?name=again", STREAM, found).json()
    assert again["columns"] == made.json()["columns"]


@pytest.mark.parametrize("kind", ["", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
def test_a_file_that_was_sent_in_another_way_is_refused_with_a_hint(data: str, kind: str) -> None:
    refused = send("POST", f"{data}?name=rows", kind, b"a,b\n1,2\n")
    assert refused.status_code == 415
    assert "curl --data-binary @rows.csv -H 'Content-Type: text/csv'" in refused.json()["detail"]


def test_a_file_replaces_the_rows_of_a_source(data: str) -> None:
    made = send("POST", f"{data}?name=one", CSV, b"a,b\n1,2\n")
    url = f"{data}/{made.json()['id']}"
    assert send("PUT", url, CSV, b"a\n3\n").status_code == 428
    newer = send("PUT", url, CSV, b"a\n3\n", **{"If-Match": made.headers["ETag"]})
    assert (newer.status_code, newer.json()["version"], newer.json()["name"]) == (200, 2, "one")
    assert send("PUT", url, CSV, b"a\n3\n", **{"If-Match": made.headers["ETag"]}).status_code == 412
    named = send("PUT", f"{url}?name=two", CSV, b"a\n4\n", **{"If-Match": "*"})
    assert (named.json()["version"], named.json()["name"]) == (3, "two")
    assert requests.get(f"{url}.json?version=1&full", timeout=60).json()["columns"] == {"a": [1], "b": [2]}


@pytest.mark.parametrize(
    ("body", "headers", "status", "kind"),
    [
        (b"PAR1 no more", {}, 422, "unreadable-file"),
        (b"", {}, 422, "unreadable-file"),
        (b" " * (LIMIT + 1), {}, 413, "too-large"),
        (b"no gzip", {"Content-Encoding": "gzip"}, 422, "invalid"),
    ],
)
def test_an_unreadable_file_is_rejected(
    data: str, body: bytes, headers: dict[str, str], status: int, kind: str
) -> None:
    response = send("POST", f"{data}?name=bad", PARQUET, body, **headers)
    assert (response.status_code, response.json()["type"].rpartition("/")[2]) == (status, kind), response.text


def test_a_new_source_needs_a_name(data: str) -> None:
    response = send("POST", data, CSV, b"a\n1\n")
    assert (response.status_code, "name" in response.json()["detail"]) == (422, True)


def test_decompression_bombs_are_rejected(data: str) -> None:
    zeros = io.BytesIO()
    pq.write_table(pa.table({"x": np.zeros(4 << 20)}), zeros, compression="zstd", use_dictionary=False)
    response = send("POST", f"{data}?name=bomb", PARQUET, zeros.getvalue())
    assert (response.status_code, len(zeros.getvalue()) < LIMIT) == (413, True)
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(bytes(8 * LIMIT)) + packer.flush()
    response = send("POST", f"{data}?name=bomb", CSV, packed, **{"Content-Encoding": "gzip"})
    assert response.status_code == 413


def test_an_incomplete_upload_creates_no_source(data: str) -> None:
    before = requests.get(f"{data}?limit=1000", timeout=60).json()
    parts = urlsplit(data)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as connection:
        head = f"POST {parts.path}?name=half HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: text/csv\r\n"
        connection.sendall(f"{head}Content-Length: 1000\r\n\r\na,b\n1,2\n".encode())
        connection.shutdown(socket.SHUT_WR)
        response = connection.recv(1 << 16)
    assert b" 422 " in response.partition(b"\r\n")[0] or response == b""
    assert requests.get(f"{data}?limit=1000", timeout=60).json() == before
