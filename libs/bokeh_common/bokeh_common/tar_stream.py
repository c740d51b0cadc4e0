"""Writing tar archives (POSIX.1-2001, "pax") as streams, one member after the other.

The members that several services write form one archive when they are concatenated, so that no service has to
store the archive.
"""

import json
import tarfile
from collections.abc import Iterable, Iterator
from typing import Any

#: Follows the last member.
END_OF_ARCHIVE = bytes(2 * tarfile.BLOCKSIZE)


def member(name: str, size: int, blocks: Iterable[bytes], time: float = 0.0) -> Iterator[bytes]:
    """Yield a member of an archive.

    Args:
        name: its path in the archive.
        size: in bytes.
        blocks: the contents.
        time: of the last change, in POSIX seconds.

    Raises:
        ValueError: the contents are not of this size, which makes the archive unusable.
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
        raise ValueError(f"{name} does not have the expected {size} bytes")
    yield bytes(-size % tarfile.BLOCKSIZE)


def json_member(name: str, value: Any) -> Iterator[bytes]:
    """Yield a member with indented JSON."""
    return text_member(name, json.dumps(value, indent=2) + "\n")


def text_member(name: str, text: str) -> Iterator[bytes]:
    """Yield a member with text in UTF-8."""
    data = text.encode()
    return member(name, len(data), [data])
