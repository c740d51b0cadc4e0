"""Helpers that read blobs and pages, and generate blocks."""

from collections.abc import Iterator

from bokeh_common.storage import BlobStore

MIB = 1 << 20


def read(store: BlobStore, key: str, start: int = 0, end: int | None = None) -> bytes:
    """Return the bytes of a blob."""
    return b"".join(store.get(key, start, end))


def blocks_of(data: bytes, size: int) -> Iterator[bytes]:
    """Return an iterator of the blocks of some bytes."""
    return (data[start : start + size] for start in range(0, len(data), size))


def failing(size: int) -> Iterator[bytes]:
    """Yield blocks, and raise an error at the end."""
    yield from blocks_of(b"x" * size, MIB)
    raise ConnectionResetError("the client has disconnected")


def pages(store: BlobStore, prefix: str, limit: int) -> list[str]:
    """Return the keys of all pages."""
    found: list[str] = []
    while page := store.list(prefix, found[-1] if found else "", limit):
        found += [stat.key for stat in page]
    return found
