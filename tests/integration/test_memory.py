"""Large answers are streamed: what a server holds of them does not grow with them.

Memory is what the processes have to themselves (`RssAnon`); mapped files are the kernel's cache.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import one_process
from tests.integration.test_api_spec.caller import CHUNK, VERSION, Caller, document

CHUNKS = 50  # 200 MiB
MOST = 64 << 20  # bytes that a server may take besides, for an answer of a few hundred MiB
OBJECTS = 40


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """Return somebody on a cloud of her own."""
    with one_process(f"local://{tmp_path_factory.mktemp('memory')}") as url:
        yield Caller(url, "local")


@pytest.fixture(scope="module")
def large(ada: Caller) -> dict[str, Any]:
    """Return a data source with a column `y` of 200 MiB, which cannot be packed well."""
    values = np.random.default_rng(1).random(CHUNKS * CHUNK // 8)
    column = ada.column("float64", list(values.shape), values.tobytes())
    source: dict[str, Any] = ada.ok("POST", "/{user}/data", json={"name": "large", "columns": {"y": column}})
    return source


def workers(url: str) -> list[Path]:
    """Return the server's processes, as folders of /proc."""
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


def memory(url: str) -> int:
    """Return the bytes that the server's processes have to themselves."""
    texts = [(folder / "status").read_text() for folder in workers(url)]
    assert texts
    return sum(int(re.findall(r"RssAnon:\s+(\d+) kB", text)[0]) for text in texts) * 1024


@contextmanager
def growth(url: str) -> Iterator[Callable[[], int]]:
    """Watch the server's memory; afterwards the function that is yielded returns by how much it grew."""
    before, most, done = memory(url), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            most[0] = max(most[0], memory(url))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield lambda: most[0] - before
    finally:
        done.set()
        watching.join()


def read(ada: Caller, path: str, **headers: str) -> int:
    """Read an answer without keeping it, and return its bytes."""
    with ada("GET", path, headers=headers, stream=True) as answer:
        assert answer.status_code == 200, answer.text
        return sum(len(block) for block in answer.iter_content(1 << 20))


@pytest.mark.parametrize(
    ("form", "rows", "most"),
    [
        ("arrow", "full", MOST),
        ("parquet", "full", 2 * MOST),  # Arrow's dictionaries; as much for 800 MiB as for 50
        ("csv", "rows=0:10000000", MOST),
    ],
)
def test_full_sources(ada: Caller, large: dict[str, Any], form: str, rows: str, most: int) -> None:
    read(ada, f"/{{user}}/data/{large['id']}.{form}?rows=0:1000")
    with growth(ada.url) as grown:
        assert read(ada, f"/{{user}}/data/{large['id']}.{form}?{rows}") > CHUNKS * CHUNK * 0.8
    assert grown() < most


def test_columns(ada: Caller, large: dict[str, Any]) -> None:
    with growth(ada.url) as grown:
        assert read(ada, f"/{{user}}/data/columns/{large['columns']['y']['hash']}") == CHUNKS * CHUNK
    assert grown() < MOST


def test_objects(ada: Caller, large: dict[str, Any]) -> None:
    body = {
        "name": "large",
        "document": document(large["columns"]["y"]),
        "sources": [{"model": "p2", "id": large["id"]}],
    }
    plot = ada.ok("POST", "/{user}/store", json=body)
    ids = ",".join([f"{plot['id']}.p2", f"{plot['id']}.p1"])
    read(ada, f"/{{user}}/objects/{plot['id']}.p1")
    with growth(ada.url) as grown:
        size = read(ada, f"/{{user}}/objects/{ids}", **{"Accept-Encoding": "identity"})
    assert size > CHUNKS * CHUNK * 0.9
    assert grown() < MOST


def test_objects_of_long_texts(ada: Caller) -> None:
    root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": "long " * (1 << 20)}}
    body = {"name": "long", "document": {"version": VERSION, "roots": [root]}}
    plot = ada.ok("POST", "/{user}/store", json=body)
    ids = ",".join([f"{plot['id']}.p1"] * OBJECTS)
    read(ada, f"/{{user}}/objects/{plot['id']}.p1")
    with growth(ada.url) as grown:
        assert read(ada, f"/{{user}}/objects/{ids}", **{"Accept-Encoding": "identity"}) > OBJECTS * 5 << 20
    assert grown() < MOST


def packed(value: Any, buffer: bytes) -> bytes:
    """Return a packed value (ARCHITECTURE.md, Formats)."""
    header = json.dumps({"buffers": [len(buffer)], "value": value}).encode()
    header += b" " * (-(4 + len(header)) % 8)
    return len(header).to_bytes(4, "little") + header + buffer


def test_objects_of_packed_values(ada: Caller) -> None:
    """Neither a buffer that is named many times nor a very long text is written out."""
    buffer = np.random.default_rng(2).bytes(1 << 20)
    often = packed([{"type": "bytes", "data": {"id": 0}}] * 200, buffer)
    long = packed(["x" * (200 << 20)], b"")
    for name, data in (("often", often), ("long", long)):
        column = ada.column("packed", [len(data)], data)
        source = ada.ok("POST", "/{user}/data", json={"name": name, "columns": {"y": column}})
        packed_leaf = {"type": "packed", "data": {"id": source["columns"]["y"]["hash"]}}
        root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"tags": [packed_leaf]}}
        body = {
            "name": name,
            "document": {"version": VERSION, "roots": [root]},
            "sources": [{"model": "p2", "id": source["id"]}],
        }
        plot = ada.ok("POST", "/{user}/store", json=body)
        with growth(ada.url) as grown:
            answer = ada.ok("GET", f"/{{user}}/objects/{plot['id']}.p1")
        assert answer["objects"][0]["attributes"]["tags"] == [packed_leaf]
        assert grown() < MOST


def test_scenes(ada: Caller) -> None:
    root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": "x" * (60 << 20)}}
    body = {"name": "scene", "document": {"version": VERSION, "roots": [root]}}
    plot = ada.ok("POST", "/{user}/store", json=body)
    with growth(ada.url) as grown:
        read(ada, f"/{{user}}/plots/{plot['id']}/scene", **{"Accept-Encoding": "identity"})
    assert grown() < MOST // 2


def test_rows_as_json(ada: Caller, large: dict[str, Any]) -> None:
    with growth(ada.url) as grown:
        read(ada, f"/{{user}}/data/{large['id']}?rows=0:{4 << 20}", **{"Accept-Encoding": "identity"})
    assert grown() < 2 * MOST
