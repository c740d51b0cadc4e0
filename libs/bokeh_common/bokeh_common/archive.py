"""Archives that are made while they are read: tar (POSIX.1-2001, "pax"), member after member.

What several services have to say is one archive when it is put together end to end, so none has to hold it.
"""

import json
import tarfile
from collections.abc import Iterable, Iterator
from typing import Any

#: What ends an archive.
END = bytes(2 * tarfile.BLOCKSIZE)


def member(name: str, size: int, blocks: Iterable[bytes], time: float = 0.0) -> Iterator[bytes]:
    """Yield a file of an archive.

    Args:
        name: its path in the archive.
        size: its bytes.
        blocks: what is in it.
        time: when it was changed, POSIX seconds.

    Raises:
        ValueError: there are more or fewer bytes than `size`; the archive is of no use then.
    """
    header = tarfile.TarInfo(name)
    header.size, header.mtime = size, int(time)
    yield header.tobuf(tarfile.PAX_FORMAT)
    sent = 0
    for block in blocks:
        sent += len(block)
        if sent > size:
            break
        yield block
    if sent != size:
        raise ValueError(f"{name} has not the {size} bytes that it should have")
    yield bytes(-size % tarfile.BLOCKSIZE)


def json_member(name: str, value: Any) -> Iterator[bytes]:
    """Yield a file with JSON, for people and programs."""
    return text_member(name, json.dumps(value, indent=2) + "\n")


def text_member(name: str, text: str) -> Iterator[bytes]:
    """Yield a file with text in UTF-8."""
    data = text.encode()
    return member(name, len(data), [data])
