"""Large responses are streamed, so the memory of the server does not grow with them.

The tests measure the processes' private memory (`RssAnon`); mapped files belong to the kernel's cache.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.integration.test_api_spec.caller import CHUNK, Caller, document
from tests.support.documents import text_document
from tests.support.embedded_server import one_process

CHUNKS = 50  # 200 MiB
MAX_GROWTH = 64 << 20  # bytes that the server may allocate for a response of a few hundred MiB
MODELS = 40


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """The account of a cloud that no other test uses."""
    with one_process(f"local://{tmp_path_factory.mktemp('memory')}") as url:
        yield Caller(url, "local")


@pytest.fixture(scope="module")
def large(ada: Caller) -> dict[str, Any]:
    """A data source with a column `y` of 200 MiB that compresses badly."""
    values = np.random.default_rng(1).random(CHUNKS * CHUNK // 8)
    column = ada.column("float64", list(values.shape), values.tobytes())
    source: dict[str, Any] = ada.ok("POST", "/{user}/data", json={"name": "large", "columns": {"y": column}})
    return source


def server_processes(url: str) -> list[Path]:
    """Return the folders of the server's processes in /proc."""
    port = url.rpartition(":")[2]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"serve" in command and port.encode() in command:
            found.append(folder)
    return found


def private_memory(url: str) -> int:
    """Return the private memory of the server, in bytes.

    A child that has not yet become another program, such as a sandbox process, has the memory of its parent.
    """
    processes = {folder.name: status for folder in server_processes(url) if (status := read_status(folder))}
    servers = [status for status in processes.values() if status["PPid"] not in processes]
    assert servers
    return sum(int(status["RssAnon"].removesuffix(" kB")) for status in servers) * 1024


def read_status(process: Path) -> dict[str, str]:
    """Return what the kernel tells about a process; nothing if it has ended."""
    try:
        lines = (process / "status").read_text().splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@contextmanager
def growth(url: str) -> Iterator[Callable[[], int]]:
    """Sample the server's memory; yield a function that returns by how many bytes it grew."""
    before, maximum, done = private_memory(url), [0], threading.Event()

    def sample() -> None:
        while not done.wait(0.02):
            maximum[0] = max(maximum[0], private_memory(url))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield lambda: maximum[0] - before
    finally:
        done.set()
        thread.join()


def read_length(ada: Caller, path: str, **headers: str) -> int:
    """Read a response without keeping it; return its length in bytes."""
    with ada("GET", path, headers=headers, stream=True) as response:
        assert response.status_code == 200, response.text
        return sum(len(block) for block in response.iter_content(1 << 20))


@pytest.mark.parametrize(
    ("extension", "rows", "limit"),
    [
        ("arrow", "full", MAX_GROWTH),
        ("parquet", "full", 2 * MAX_GROWTH),  # Arrow's dictionaries take as much for 50 MiB as for 800
        ("csv", "rows=0:10000000", MAX_GROWTH),
    ],
)
def test_rows_of_a_large_source_are_streamed(
    ada: Caller, large: dict[str, Any], extension: str, rows: str, limit: int
) -> None:
    read_length(ada, f"/{{user}}/data/{large['id']}.{extension}?rows=0:1000")
    with growth(ada.url) as grown:
        assert read_length(ada, f"/{{user}}/data/{large['id']}.{extension}?{rows}") > CHUNKS * CHUNK * 0.8
    assert grown() < limit


def test_large_columns_are_streamed(ada: Caller, large: dict[str, Any]) -> None:
    with growth(ada.url) as grown:
        assert read_length(ada, f"/{{user}}/data/columns/{large['columns']['y']['hash']}") == CHUNKS * CHUNK
    assert grown() < MAX_GROWTH


def test_models_with_large_columns_are_streamed(ada: Caller, large: dict[str, Any]) -> None:
    body = {
        "name": "large",
        "document": document(large["columns"]["y"]),
        "sources": [{"model": "p2", "id": large["id"]}],
    }
    plot = ada.ok("POST", "/{user}/store", json=body)
    ids = ",".join([f"{plot['id']}.p2", f"{plot['id']}.p1"])
    read_length(ada, f"/{{user}}/objects/{plot['id']}.p1")
    with growth(ada.url) as grown:
        size = read_length(ada, f"/{{user}}/objects/{ids}", **{"Accept-Encoding": "identity"})
    assert size > CHUNKS * CHUNK * 0.9
    assert grown() < MAX_GROWTH


def test_models_with_long_strings_are_streamed(ada: Caller) -> None:
    body = {"name": "long", "document": text_document("long " * (1 << 20))}
    plot = ada.ok("POST", "/{user}/store", json=body)
    ids = ",".join([f"{plot['id']}.p1"] * MODELS)
    read_length(ada, f"/{{user}}/objects/{plot['id']}.p1")
    with growth(ada.url) as grown:
        assert (
            read_length(ada, f"/{{user}}/objects/{ids}", **{"Accept-Encoding": "identity"}) > MODELS * 5 << 20
        )
    assert grown() < MAX_GROWTH


def packed_column(value: Any, buffer: bytes) -> bytes:
    """Return a packed column with a value and one buffer (see docs/formats.md)."""
    header = json.dumps({"buffers": [len(buffer)], "value": value}).encode()
    header += b" " * (-(4 + len(header)) % 8)
    return len(header).to_bytes(4, "little") + header + buffer


def test_large_packed_columns_are_not_unpacked_into_models(ada: Caller) -> None:
    """Neither if they refer to one buffer many times, nor if they have a very long string."""
    buffer = np.random.default_rng(2).bytes(1 << 20)
    repeated = packed_column([{"type": "bytes", "data": {"id": 0}}] * 200, buffer)
    long = packed_column(["x" * (200 << 20)], b"")
    for name, data in (("repeated", repeated), ("long", long)):
        column = ada.column("packed", [len(data)], data)
        source = ada.ok("POST", "/{user}/data", json={"name": name, "columns": {"y": column}})
        reference = {"type": "packed", "data": {"id": source["columns"]["y"]["hash"]}}
        body = {
            "name": name,
            "document": text_document(tags=[reference]),
            "sources": [{"model": "p2", "id": source["id"]}],
        }
        plot = ada.ok("POST", "/{user}/store", json=body)
        with growth(ada.url) as grown:
            response = ada.ok("GET", f"/{{user}}/objects/{plot['id']}.p1")
        assert response["objects"][0]["attributes"]["tags"] == [reference]
        assert grown() < MAX_GROWTH


def test_large_scenes_are_streamed(ada: Caller) -> None:
    body = {"name": "scene", "document": text_document("x" * (60 << 20))}
    plot = ada.ok("POST", "/{user}/store", json=body)
    with growth(ada.url) as grown:
        read_length(ada, f"/{{user}}/plots/{plot['id']}/scene", **{"Accept-Encoding": "identity"})
    assert grown() < MAX_GROWTH // 2


def test_rows_as_json_are_streamed(ada: Caller, large: dict[str, Any]) -> None:
    with growth(ada.url) as grown:
        read_length(ada, f"/{{user}}/data/{large['id']}?rows=0:{4 << 20}", **{"Accept-Encoding": "identity"})
    assert grown() < 2 * MAX_GROWTH
