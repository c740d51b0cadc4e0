"""What tests run in processes of their own, to kill them."""

import sys
import time
from collections.abc import Iterator

from bokeh_common.storage import open_blobs, open_records


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


if __name__ == "__main__":
    {"write-half": write_half, "count-up": count_up}[sys.argv[1]](*sys.argv[2:])
