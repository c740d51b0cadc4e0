"""Blobs as blocks of bytes, and lists as pages of keys."""

from collections.abc import Iterator

from bokeh_common.storage import BlobStore

MIB = 1 << 20


def read(store: BlobStore, key: str, start: int = 0, end: int | None = None) -> bytes:
    """Return a blob's bytes."""
    return b"".join(store.get(key, start, end))


def cut(data: bytes, size: int) -> Iterator[bytes]:
    """Yield bytes in blocks."""
    return (data[start : start + size] for start in range(0, len(data), size))


def broken(size: int) -> Iterator[bytes]:
    """Yield blocks, and break off."""
    yield from cut(b"x" * size, MIB)
    raise ConnectionResetError("the client has gone")


def pages(store: BlobStore, prefix: str, limit: int) -> list[str]:
    """Return the keys of all pages."""
    found: list[str] = []
    while page := store.list(prefix, found[-1] if found else "", limit):
        found += [stat.key for stat in page]
    return found
