"""Features of the local backend: files, folders, forks, and migrations."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from bokeh_common.errors import Conflict, Invalid, NotFound, Unavailable
from bokeh_common.storage import ABSENT, Record, open_blobs, open_records
from bokeh_common.storage.local.records import MIGRATIONS, LocalRecordStore, migrate
from bokeh_common.storage.testing.contract import races


def in_child(call: Callable[[], None]) -> int:
    """Call a function in a forked child, and return its exit status."""
    child = os.fork()
    if child == 0:
        try:
            call()
        except BaseException:  # noqa: BLE001  # the parent only checks the status
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("url", ["local://relative", "local://", "s3://x", "nothing", "/folder"])
def test_invalid_urls_are_rejected(url: str) -> None:
    with pytest.raises(Invalid):
        open_records(url, "plots")


@pytest.mark.parametrize("namespace", ["", "a/b", "..", "A", "x" * 41, "a{b}"])
def test_invalid_namespaces_are_rejected(tmp_path: Path, namespace: str) -> None:
    with pytest.raises(Invalid):
        open_blobs(f"local://{tmp_path}", namespace)


@pytest.mark.parametrize(
    ("module", "url", "libraries"),
    [
        ("redis", "redis://127.0.0.1", "redis"),
        ("azure.core", "azure://container", "azure-storage-blob azure-identity"),
    ],
)
def test_the_error_names_missing_libraries(module: str, url: str, libraries: str) -> None:
    program = f"import sys; sys.modules[{module!r}] = None; from bokeh_common.storage import open_blobs"
    program += f"; open_blobs({url!r}, 'a')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    scheme = module.partition(".")[0]
    assert f"ImportError: Storage at {scheme}:// needs: pip install {libraries} (" in done.stderr


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    url = f"local://{tmp_path}/a b#c?d=e%2F"
    open_records(url, "plots").put("key", 1)
    assert (tmp_path / "a b#c?d=e%2F" / "plots" / "records.sqlite").is_file()


def test_files_have_readable_paths(tmp_path: Path) -> None:
    store = open_blobs(f"local://{tmp_path}", "data")
    store.put("chunks/ada/9f3c", [b"x"])
    store.put("Ada's sine.", [b"y"])
    found = (tmp_path / "data" / "blobs").rglob("*")
    files = sorted(str(path.relative_to(tmp_path)) for path in found if path.is_file())
    assert files == ["data/blobs/+=4/=41da,27s,20sine.2e", "data/blobs/chunks/ada/+9f/9f3c"]


def test_a_store_can_be_used_after_a_fork(tmp_path: Path) -> None:
    store = open_records(f"local://{tmp_path}", "plots")
    etag = store.put("key", 0)

    def child() -> None:
        store.put("key", 1, if_match=etag)
        races.count(store, "key", 20)

    assert in_child(child) == 0
    with pytest.raises(Conflict):
        store.put("key", 5, if_match=etag)
    races.count(store, "key", 20)
    assert store.get("key").value == 41


def test_a_forked_child_has_locks_of_its_own(tmp_path: Path) -> None:
    """SQLite must not assume in a child that it holds the locks of its parent."""
    store = open_records(f"local://{tmp_path}", "plots")
    store.put("key", 0)

    def child() -> None:
        store.get("key")
        inode = (tmp_path / "plots" / "records.sqlite").stat().st_ino
        locks = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
        assert [lock for lock in locks if lock[4] == str(os.getpid()) and lock[5].endswith(f":{inode}")]

    assert in_child(child) == 0


def test_many_processes_create_a_folder_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from bokeh_common.storage import *; open_records(sys.argv[1], 'a').put(sys.argv[2], 1)"
    )
    command = [sys.executable, "-c", program, f"local://{tmp_path}/new"]
    started = [subprocess.Popen([*command, str(number)]) for number in range(8)]
    assert [process.wait(60) for process in started] == [0] * 8
    assert len(open_records(f"local://{tmp_path}/new", "a").list()) == 8


def test_a_file_of_a_newer_version_is_unavailable(tmp_path: Path) -> None:
    url = f"local://{tmp_path}"
    open_records(url, "plots").put("key", 1)
    with closing(sqlite3.connect(tmp_path / "plots" / "records.sqlite")) as connection:
        step = "ALTER TABLE records ADD COLUMN extra"
        migrate(connection, [*MIGRATIONS, step])
        assert connection.execute("SELECT key, extra FROM records").fetchall() == [("key", None)]
    with pytest.raises(Unavailable, match="upgrade"):
        open_records(url, "plots")


def test_a_file_of_the_first_version_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "plots" / "records.sqlite"
    path.parent.mkdir()
    rows = [(f"key{number}", f"etag{number}", str(number)) for number in (2, 0, 1)]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, MIGRATIONS[:1])
        connection.executemany("INSERT INTO records (key, etag, value) VALUES (?, ?, ?)", rows)
    found = open_records(f"local://{tmp_path}", "plots").list()
    assert found == [Record(f"key{number}", number, f"etag{number}") for number in range(3)]


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    open_records(f"local://{tmp_path}", "plots").put("key", 1)
    connection = sqlite3.connect(tmp_path / "plots" / "records.sqlite", isolation_level=None)
    with closing(connection), pytest.raises(sqlite3.OperationalError):
        migrate(connection, [*MIGRATIONS, "ALTER TABLE records ADD COLUMN extra", "no SQL"])
    assert open_records(f"local://{tmp_path}", "plots").get("key").value == 1


def test_a_lock_that_is_held_too_long_is_unavailable(tmp_path: Path) -> None:
    store = LocalRecordStore(tmp_path / "records.sqlite", busy_seconds=0.2)
    store.put("key", 1)
    with closing(sqlite3.connect(tmp_path / "records.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        with pytest.raises(Unavailable):
            store.put("key", 2)
        assert time.monotonic() - started < 2
        assert store.get("key").value == 1, "readers do not wait for writers"
    store.put("key", 3)


def test_a_file_that_is_not_a_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "records.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(Unavailable):
        open_records(f"local://{tmp_path}", "plots")


def test_an_unmounted_disk_is_unavailable_rather_than_empty(tmp_path: Path) -> None:
    store = open_blobs(f"local://{tmp_path}/disk", "data")
    store.put("key", [b"x"])
    (tmp_path / "disk").rename(tmp_path / "unmounted")
    for call in (store.get, store.stat, store.touch):
        with pytest.raises(Unavailable):
            call("key")
    with pytest.raises(Unavailable):
        store.list()
    with pytest.raises(Unavailable):
        store.put("key", [b"x"])


def test_files_of_killed_processes_are_swept(tmp_path: Path) -> None:
    store = open_blobs(f"local://{tmp_path}", "data")
    incoming = tmp_path / "data" / "incoming"
    for name, age in [("left", 0.0), ("young", time.time())]:
        (incoming / name).write_bytes(b"half")
        os.utime(incoming / name, (age, age))

    def slow() -> Iterator[bytes]:
        yield b"first"
        being_written = next(path for path in incoming.iterdir() if path.name not in {"left", "young"})
        os.utime(being_written, (0, 0))
        open_blobs(f"local://{tmp_path}", "data")  # sweeps
        yield b", second"

    store.put("key", slow())
    assert b"".join(store.get("key")) == b"first, second"
    assert [path.name for path in incoming.iterdir()] == ["young"]


def test_absent_is_not_an_etag(tmp_path: Path) -> None:
    store = open_records(f"local://{tmp_path}", "plots")
    store.put("key", 1, if_match=ABSENT)
    with pytest.raises(Conflict):
        store.put("key", 1, if_match="")
    with pytest.raises(NotFound):
        store.get("absent")


def test_threads_may_start_while_others_end(tmp_path: Path) -> None:
    store, interval = LocalRecordStore(tmp_path / "records.sqlite"), sys.getswitchinterval()
    store.put("a", 1)
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(40):
            with ThreadPoolExecutor(24) as pool:  # each has a connection, which is closed when it ends
                assert list(pool.map(lambda _: store.get("a").value, range(24))) == [1] * 24
    finally:
        sys.setswitchinterval(interval)
