"""What tests run in processes of their own, to kill them."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bokeh_common.storage import BlobStore, open_blobs, open_records


def say(line: object) -> None:
    """Tell the test how far this program is."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def write_half(url: str, namespace: str) -> None:
    """Write half a blob over an old one, say so, and wait to be killed."""

    def data() -> Iterator[bytes]:
        for _ in range(9):
            yield b"n" * (1 << 20)
        say("half")
        time.sleep(600)

    open_blobs(url, namespace).put("blob", data())


def count_up(url: str, namespace: str) -> None:
    """Swap a record's value for the next number, and say each that is confirmed, until killed."""
    store = open_records(url, namespace)
    number, etag = 0, store.put("record", 0)
    while True:
        number += 1
        etag = store.put("record", number, if_match=etag)
        say(number)


def stream(url: str, namespace: str, size: str) -> None:
    """Write a blob of this many bytes and read it; say by how many the peak of memory grew."""
    store = open_blobs(url, namespace)
    _there_and_back(store, 1 << 20)
    before = _peak()
    _there_and_back(store, int(size))
    say(_peak() - before)


def _there_and_back(store: BlobStore, size: int) -> None:
    block = os.urandom(1 << 20)
    store.put("blob", (block for _ in range(size >> 20)))
    read = 0
    for found in store.get("blob"):
        read += len(found)
    store.delete("blob")
    if read != size:
        raise AssertionError(f"{read} bytes of {size} came back")


def _peak() -> int:
    """Return the most memory that this process has had, in bytes; `getrusage` counts its parent's too."""
    text = Path("/proc/self/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    programs: list[Callable[..., None]] = [write_half, count_up, stream]
    next(one for one in programs if one.__name__ == sys.argv[1])(*sys.argv[2:])
