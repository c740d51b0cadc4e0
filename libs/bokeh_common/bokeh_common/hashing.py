"""Hashes of stored bytes: BLAKE3-256, written as 64 lower-case hexadecimal digits."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeGuard

from blake3 import blake3

#: A regular expression that matches a hash.
HASH_PATTERN = "[0-9a-f]{64}"

_HASH = re.compile(HASH_PATTERN)


def is_hash(value: object) -> TypeGuard[str]:
    """Return whether a value is a hash."""
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def hash_bytes(data: bytes | memoryview) -> str:
    """Return the hash of bytes."""
    return blake3(data).hexdigest()


def hash_blocks(blocks: Iterable[bytes]) -> str:
    """Return the hash of a stream of bytes."""
    hasher = blake3()
    for block in blocks:
        hasher.update(block)
    return hasher.hexdigest()


def verify_blocks(
    blocks: Iterable[bytes], expected: str, error: Callable[[str], Exception]
) -> Iterator[bytes]:
    """Yield a stream of bytes unchanged, and raise an error at its end unless it has the expected hash.

    Args:
        blocks: the stream.
        expected: the hash that it should have.
        error: returns what to raise, given the hash that it has.
    """
    hasher = blake3()
    for block in blocks:
        hasher.update(block)
        yield block
    if hasher.hexdigest() != expected:
        raise error(hasher.hexdigest())


def is_named_by_hash(key: str, blocks: Iterable[bytes]) -> bool:
    """Return whether the last segment of a storage key is the hash of the bytes stored there."""
    return hash_blocks(blocks) == key.rpartition("/")[2]
