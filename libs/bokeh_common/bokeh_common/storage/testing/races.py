"""What several threads or processes do to a store at the same time."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from threading import Event
from typing import TypeVar

from bokeh_common.errors import Conflict, NotFound
from bokeh_common.storage import ABSENT, JSON, BlobStore, RecordStore, open_blobs, open_records

PROCESSES = 4

T = TypeVar("T")


def create(store: RecordStore, key: str, value: JSON) -> bool:
    """Create a record; tell whether this call did."""
    return _won(lambda: store.put(key, value, if_match=ABSENT))


def swap(store: RecordStore, key: str, value: JSON, etag: str) -> bool:
    """Replace a record; tell whether this call did."""
    return _won(lambda: store.put(key, value, if_match=etag))


def delete(store: RecordStore, key: str, etag: str) -> bool:
    """Delete a record; tell whether this call did."""
    return _won(lambda: store.delete(key, if_match=etag))


def delete_blob(store: BlobStore, key: str, etag: str) -> bool:
    """Delete a blob; tell whether this call did."""
    return _won(lambda: store.delete(key, if_match=etag))


def touch(store: BlobStore, key: str) -> bool:
    """Touch a blob; tell whether it was there."""
    try:
        store.touch(key)
    except NotFound:
        return False
    return True


def store_again(store: BlobStore, key: str) -> bool:
    """Store a blob, which is there then in any case."""
    return store.put(key, [b"x"]).size == 1


def count(store: RecordStore, key: str, times: int) -> None:
    """Add 1 to a counter, `times` times."""
    for _ in range(times):
        while True:
            record = store.get(key)
            if swap(store, key, record.value + 1, record.etag):
                break


def count_and_create(url: str, namespace: str, times: int) -> bool:
    """Do both, in a process of its own."""
    store = open_records(url, namespace)
    count(store, "counter", times)
    return create(store, "created", 1)


def in_processes(call: Callable[..., T], *arguments: object) -> list[T]:
    """Run a function of this module in several new processes at the same time."""
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        return [future.result() for future in [pool.submit(call, *arguments) for _ in range(PROCESSES)]]


def come_and_go(store: RecordStore) -> None:
    """Add records between others, and delete them."""
    for number in range(1, 100, 14):
        store.put(f"k{number:03}", 0)
    for number in range(1, 100, 14):
        store.delete(f"k{number:03}")


def blobs_come_and_go(store: BlobStore) -> None:
    """Add blobs between others, and delete them."""
    for number in range(1, 60, 14):
        store.put(f"k{number:03}", [b"x"])
    for number in range(1, 60, 14):
        store.delete(f"k{number:03}")


def write_and_read(url: str, namespace: str, keys: int) -> None:
    """Write the same blobs as others do at this moment, and read them."""
    store = open_blobs(url, namespace)
    for number in range(keys):
        data = bytes([number]) * (5 << 20)
        store.put(f"shared{number}", [data])
        if b"".join(store.get(f"shared{number}")) != data:
            raise AssertionError(f"shared{number} is not what was written")


@contextmanager
def repeatedly(pool: Executor, call: Callable[[], object]) -> Iterator[None]:
    """Repeat a call in the background; an error of it comes through at the end."""
    done = Event()

    def repeat() -> None:
        while not done.is_set():
            call()

    future = pool.submit(repeat)
    try:
        yield
    finally:
        done.set()
    future.result()


def _won(call: Callable[[], object]) -> bool:
    try:
        call()
    except Conflict:
        return False
    return True
