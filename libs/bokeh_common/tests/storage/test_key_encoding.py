"""Names of keys: they sort like keys, can be decoded, and are valid in file systems and URLs."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bokeh_common.storage.key_encoding import decode, encode, encode_prefix
from bokeh_common.storage.testing.contract.samples import KEYS
from bokeh_common.storage.validation import prefix_end

difficult = st.text(st.sampled_from("./-!,=_~09AZaz\x01é😀+%"), max_size=8)
keys = difficult | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(keys, keys)
@example("a/", "a/!")
@example("a/", "a//")
def test_names_sort_like_keys(one: str, other: str) -> None:
    assert (encode(one) < encode(other)) == (one.encode() < other.encode())


@given(keys)
def test_names_are_decoded(key: str) -> None:
    assert decode(encode(key)) == key


@given(keys, keys)
def test_names_keep_prefixes(prefix: str, rest: str) -> None:
    assert encode(prefix + rest).startswith(encode_prefix(prefix))
    assert encode(rest).startswith(encode_prefix(prefix)) == rest.startswith(prefix)


@given(keys.filter(bool))
def test_segments_are_valid_file_names(key: str) -> None:
    for segment in encode(key).split("/"):
        assert re.fullmatch(r"[-0-9a-z.,=_~!]+", segment)
        assert segment.strip(".")
        assert not segment.endswith(".")


@given(keys, keys)
@example("a\ud7ff", "")
@example("a\U0010ffff", "")
def test_the_end_of_a_prefix(prefix: str, rest: str) -> None:
    end = prefix_end(prefix)
    assert end is None or prefix + rest < end
    assert end is None or not end.startswith(prefix)


@pytest.mark.parametrize("key", KEYS, ids=ascii)
def test_difficult_keys_are_decoded(key: str) -> None:
    assert decode(encode(key)) == key
