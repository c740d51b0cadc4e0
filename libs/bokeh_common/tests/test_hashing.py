"""Hashes of stored bytes."""

import pytest

from bokeh_common.errors import Invalid
from bokeh_common.hashing import hash_blocks, hash_bytes, is_hash, is_named_by_hash, verify_blocks

EMPTY = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"  # of the BLAKE3 paper


def test_a_hash_is_blake3_in_lower_case_hexadecimal() -> None:
    assert hash_bytes(b"") == hash_blocks([]) == EMPTY
    assert is_hash(EMPTY)
    assert not is_hash(EMPTY.upper())
    assert not is_hash(EMPTY + "\n")
    assert not is_hash(None)


def test_the_hash_of_a_stream_does_not_depend_on_its_blocks() -> None:
    assert hash_blocks([b"ab", b"", b"c"]) == hash_bytes(b"abc")


def test_verified_blocks_pass_unchanged_or_raise_at_the_end() -> None:
    blocks = [b"ab", b"c"]
    assert list(verify_blocks(blocks, hash_bytes(b"abc"), Invalid)) == blocks
    passed: list[bytes] = []
    with pytest.raises(Invalid, match=hash_bytes(b"abc")):
        passed.extend(verify_blocks(blocks, EMPTY, Invalid))


def test_the_last_segment_of_a_key_is_compared_with_the_hash() -> None:
    assert is_named_by_hash(f"scenes/ada/{EMPTY}", [b""])
    assert not is_named_by_hash(f"scenes/ada/{EMPTY}", [b"x"])
