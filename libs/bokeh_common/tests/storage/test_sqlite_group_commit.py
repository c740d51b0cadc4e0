"""Group commit: concurrent changes have results of their own, and none is lost."""

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bokeh_common.errors import Conflict, Unavailable
from bokeh_common.storage.interfaces import ABSENT
from bokeh_common.storage.local.records import LocalRecordStore
from bokeh_common.storage.local.sqlite import ConnectionPool
from bokeh_common.storage.local.sqlite_group_commit import GroupCommitWriter, Value

INSERT = "INSERT INTO t VALUES (?, ?)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "file")) as connection, connection:
        connection.execute("CREATE TABLE t (k PRIMARY KEY, v)")
    return tmp_path / "file"


@pytest.fixture
def writer(path: Path) -> GroupCommitWriter:
    return GroupCommitWriter(ConnectionPool(path, 0.2))


def rows(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT k FROM t ORDER BY k").fetchall()


@contextmanager
def busy(path: Path) -> Iterator[None]:
    """Hold a write lock of the file, like another process."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


Change = tuple[str, Value, Value]


def inserts(numbers: Iterable[int]) -> list[Change]:
    """Return changes that insert a row each."""
    return [(INSERT, number, "x") for number in numbers]


def concurrently(writer: GroupCommitWriter, changes: list[Change]) -> list[int | BaseException]:
    """Execute changes on threads, all of which are queued before the first is written; return the results."""

    def outcome(change: Change) -> int | BaseException:
        try:
            return writer.change(*change)
        except BaseException as error:  # noqa: BLE001  # it is the result
            return error

    queue = writer._queue
    with ThreadPoolExecutor(len(changes)) as pool:
        with queue.write_lock:
            futures = [pool.submit(outcome, change) for change in changes]
            while len(queue.waiting) < len(changes):
                time.sleep(0.001)
        return [future.result() for future in futures]


def test_each_change_has_its_own_result(writer: GroupCommitWriter, path: Path) -> None:
    update = "UPDATE t SET v = ? WHERE k = ?", "y", 99
    assert concurrently(writer, [*inserts(range(8)), update]) == [1] * 8 + [0]
    assert rows(path) == [(i,) for i in range(8)]


def test_a_failing_change_does_not_affect_the_others(writer: GroupCommitWriter, path: Path) -> None:
    found = concurrently(writer, [*inserts(range(4)), (INSERT, 2, "again")])
    assert sorted(map(str, found)) == ["1"] * 4 + ["UNIQUE constraint failed: t.k"]
    assert rows(path) == [(0,), (1,), (2,), (3,)]


def test_all_changes_fail_if_the_file_is_locked(writer: GroupCommitWriter, path: Path) -> None:
    with busy(path):
        found = concurrently(writer, inserts(range(8)))
    assert {type(error) for error in found} == {sqlite3.OperationalError}
    assert rows(path) == []
    assert writer.change(INSERT, 1, "x") == 1


def test_changes_of_an_interrupted_thread_fail(
    writer: GroupCommitWriter, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> sqlite3.Connection:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(writer._connections, "get", interrupted)
        found = concurrently(writer, inserts(range(4)))
    assert sorted(map(repr, found)) == [
        "KeyboardInterrupt()",
        *["OperationalError('the thread that was writing it was interrupted')"] * 3,
    ]
    assert rows(path) == []


def test_a_forked_child_does_not_need_locks_of_parent_threads(writer: GroupCommitWriter, path: Path) -> None:
    with writer._queue.write_lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if writer.change(INSERT, 1, "child") == 1 else 1)
        assert os.waitpid(child, 0)[1] == 0
    assert rows(path) == [(1,)]


def test_one_of_many_concurrent_swaps_wins(tmp_path: Path) -> None:
    store = LocalRecordStore(tmp_path / "records.sqlite")
    etag, won = store.put("a", 0, ABSENT), []

    def swap(number: int) -> None:
        try:
            won.append((number, store.put("a", number, etag)))
        except Conflict:
            return

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(swap, range(1, 33)))
    [(number, last)] = won
    assert (store.get("a").value, store.get("a").etag) == (number, last)


def test_a_locked_file_is_unavailable(tmp_path: Path) -> None:
    store = LocalRecordStore(tmp_path / "records.sqlite", busy_seconds=0.1)
    with busy(tmp_path / "records.sqlite"), pytest.raises(Unavailable):
        store.put("a", 1)
