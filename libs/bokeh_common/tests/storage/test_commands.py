"""The commands `bokeh-cloud storage check` and `bokeh-cloud storage copy`, with real backends."""

import os
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bokeh_common.storage import namespaces, open_blobs, open_records
from bokeh_common.storage.commands import storage
from bokeh_common.storage.testing.servers.azure import CONTAINER
from bokeh_common.storage.testing.servers.backend import Backend
from bokeh_common.storage.testing.servers.processes import redis_server

MIB = 1 << 20


def run(*arguments: str) -> Result:
    return CliRunner().invoke(storage, arguments)


def fill(url: str) -> dict[str, bytes]:
    blobs = {"chunks/ada/one": os.urandom(5 * MIB), "é/😀": b"small", "empty": b""}
    for key, data in blobs.items():
        open_blobs(url, "data").put(key, [data])
    for number in range(250):
        open_records(url, "plots").put(f"plot{number:03}", {"number": number})
    return blobs


def test_the_commands_are_registered() -> None:
    (found,) = entry_points(group="bokeh_cloud.commands", name="storage")
    assert found.load() is storage


def test_check_passes_on_all_backends(backend: Backend) -> None:
    result = run("check", backend.url)
    assert result.exit_code == 0, result.output
    lines = [line.split()[:2] for line in result.output.splitlines()]
    checks = ["reachable", "persistence", "writable", "compare-and-swap", "clock"]
    assert lines == [["ok", name] for name in checks]
    assert open_records(backend.url, "check").list() == []
    assert open_blobs(backend.url, "check").list() == []


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0?timeout=1", "local://relative", "s3://bucket"])
def test_check_reports_a_storage_that_cannot_be_reached(url: str) -> None:
    result = run("check", url)
    assert result.exit_code == 1
    assert result.output.startswith("FAILED  reachable")


def test_check_reports_a_storage_that_is_not_persistent(tmp_path: Path) -> None:
    server = redis_server(tmp_path, "--appendonly", "no")
    result = run("check", f"redis://127.0.0.1:{server.port}/0?persistence=none")
    server.stop()
    assert result.exit_code == 1
    assert "FAILED  persistence" in result.output
    assert "ok      writable" in result.output


def test_copies_between_all_backends(tmp_path: Path, azurite: int) -> None:
    server = redis_server(tmp_path / "redis")
    first, last = f"local://{tmp_path}/first", f"local://{tmp_path}/last"
    urls = [first, f"redis://127.0.0.1:{server.port}/0", f"azure://{CONTAINER}-copy", last]
    blobs = fill(first)
    for source, target in pairwise(urls):
        result = run("copy", source, target)
        assert result.exit_code == 0, result.output
        assert "3 blobs and 250 records, 253 of them new" in result.output
        second = run("copy", source, target)
        assert "0 of them new" in second.output
    server.stop()
    assert namespaces(last) == ["data", "plots"]
    store = open_blobs(last, "data")
    assert {stat.key: b"".join(store.get(stat.key)) for stat in store.list()} == blobs
    assert [record.value["number"] for record in open_records(last, "plots").list()] == list(range(250))


def test_a_repeated_copy_repairs_the_target(tmp_path: Path) -> None:
    source, target = f"local://{tmp_path}/source", f"local://{tmp_path}/target"
    blobs = fill(source)
    assert "is not empty" not in run("copy", source, target).output
    open_blobs(target, "data").put("chunks/ada/one", [b"x" * 5 * MIB])  # has the same size
    open_blobs(target, "data").delete("empty")
    open_records(target, "plots").put("plot007", "wrong")
    open_records(target, "plots").put("other", "stays")
    result = run("copy", source, target)
    assert "3 of them new; 5.2 MB" in result.output
    assert f"{target} is not empty: what it has and {source} does not have stays there." in result.output
    assert b"".join(open_blobs(target, "data").get("chunks/ada/one")) == blobs["chunks/ada/one"]
    assert open_records(target, "plots").get("plot007").value == {"number": 7}
    assert open_records(target, "plots").get("other").value == "stays"


def test_a_copy_from_a_storage_that_cannot_be_reached_fails(tmp_path: Path) -> None:
    result = run("copy", "redis://127.0.0.1:1/0?timeout=1", f"local://{tmp_path}")
    assert result.exit_code == 1
    assert "cannot be used now" in result.output
