"""Programs that tests run in separate processes, mostly in order to kill them."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bokeh_common.storage import BlobStore, open_blobs, open_records

#: Bytes of a blob that fills all buffers of a store, such as blocks that are sent at the same time.
FILLING = 32 << 20


def report(line: object) -> None:
    """Print a line for the test."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def write_half(url: str, namespace: str) -> None:
    """Replace a blob by half of a new one, report that, and wait to be killed."""

    def data() -> Iterator[bytes]:
        for _ in range(9):
            yield b"n" * (1 << 20)
        report("half")
        time.sleep(600)

    open_blobs(url, namespace).put("blob", data())


def count_up(url: str, namespace: str) -> None:
    """Increment a record by compare-and-swap until killed, and report each confirmed value."""
    store = open_records(url, namespace)
    number, etag = 0, store.put("record", 0)
    while True:
        number += 1
        etag = store.put("record", number, if_match=etag)
        report(number)


def stream(url: str, namespace: str, size: str) -> None:
    """Write and read a blob of this many bytes, and report the growth of peak memory.

    A blob that fills all buffers comes first, so the peak grows only with what is kept of the blob.
    """
    store = open_blobs(url, namespace)
    _write_and_read(store, FILLING)
    before = _peak()
    _write_and_read(store, int(size))
    report(_peak() - before)


def _write_and_read(store: BlobStore, size: int) -> None:
    block = os.urandom(1 << 20)
    store.put("blob", (block for _ in range(size >> 20)))
    read = 0
    for part in store.get("blob"):
        read += len(part)
    store.delete("blob")
    if read != size:
        raise AssertionError(f"{read} bytes of {size} were read")


def _peak() -> int:
    """Return the peak memory of this process in bytes; `getrusage` would include its parent."""
    text = Path("/proc/self/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    programs: list[Callable[..., None]] = [write_half, count_up, stream]
    next(program for program in programs if program.__name__ == sys.argv[1])(*sys.argv[2:])
