"""Operations that tests execute concurrently in threads and processes."""

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
    """Create a record; return whether this call did."""
    return _won(lambda: store.put(key, value, if_match=ABSENT))


def swap(store: RecordStore, key: str, value: JSON, etag: str) -> bool:
    """Replace a record; return whether this call did."""
    return _won(lambda: store.put(key, value, if_match=etag))


def delete(store: RecordStore, key: str, etag: str) -> bool:
    """Delete a record; return whether this call did."""
    return _won(lambda: store.delete(key, if_match=etag))


def delete_blob(store: BlobStore, key: str, etag: str) -> bool:
    """Delete a blob; return whether this call did."""
    return _won(lambda: store.delete(key, if_match=etag))


def touch(store: BlobStore, key: str) -> bool:
    """Touch a blob; return whether it existed."""
    try:
        store.touch(key)
    except NotFound:
        return False
    return True


def store_again(store: BlobStore, key: str) -> bool:
    """Store a blob; return True."""
    return store.put(key, [b"x"]).size == 1


def count(store: RecordStore, key: str, times: int) -> None:
    """Add 1 to a counter, `times` times."""
    for _ in range(times):
        while True:
            record = store.get(key)
            if swap(store, key, record.value + 1, record.etag):
                break


def count_and_create(url: str, namespace: str, times: int) -> bool:
    """Increment a counter and create a record, in a process of its own."""
    store = open_records(url, namespace)
    count(store, "counter", times)
    return create(store, "created", 1)


def in_processes(call: Callable[..., T], *arguments: object) -> list[T]:
    """Call a function of this module in several new processes at once."""
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        return [future.result() for future in [pool.submit(call, *arguments) for _ in range(PROCESSES)]]


def add_and_delete_records(store: RecordStore) -> None:
    """Add records between existing ones, and delete them."""
    for number in range(1, 100, 14):
        store.put(f"k{number:03}", 0)
    for number in range(1, 100, 14):
        store.delete(f"k{number:03}")


def add_and_delete_blobs(store: BlobStore) -> None:
    """Add blobs between existing ones, and delete them."""
    for number in range(1, 60, 14):
        store.put(f"k{number:03}", [b"x"])
    for number in range(1, 60, 14):
        store.delete(f"k{number:03}")


def write_and_read(url: str, namespace: str, keys: int) -> None:
    """Write and read blobs that other processes write too."""
    store = open_blobs(url, namespace)
    for number in range(keys):
        data = bytes([number]) * (5 << 20)
        store.put(f"shared{number}", [data])
        if b"".join(store.get(f"shared{number}")) != data:
            raise AssertionError(f"shared{number} does not have the content that was written")


@contextmanager
def repeatedly(pool: Executor, call: Callable[[], object]) -> Iterator[None]:
    """Repeat a call in the background; raise its error at the end."""
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
