"""Names sort as their keys do, come back, and are fit for files and URLs."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bokeh_common.storage.keys import beyond
from bokeh_common.storage.names import decode, encode, encode_prefix
from bokeh_common.storage.testing.samples import KEYS

troublesome = st.text(st.sampled_from("./-!,=_~09AZaz\x01é😀+%"), max_size=8)
texts = troublesome | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(texts, texts)
@example("a/", "a/!")
@example("a/", "a//")
def test_names_sort_as_keys(one: str, other: str) -> None:
    assert (encode(one) < encode(other)) == (one.encode() < other.encode())


@given(texts)
def test_names_come_back(key: str) -> None:
    assert decode(encode(key)) == key


@given(texts, texts)
def test_prefixes_stay_prefixes(prefix: str, rest: str) -> None:
    assert encode(prefix + rest).startswith(encode_prefix(prefix))
    assert encode(rest).startswith(encode_prefix(prefix)) == rest.startswith(prefix)


@given(texts.filter(bool))
def test_segments_are_ordinary(key: str) -> None:
    for segment in encode(key).split("/"):
        assert re.fullmatch(r"[-0-9a-z.,=_~!]+", segment)
        assert segment.strip(".")
        assert not segment.endswith(".")


@given(texts, texts)
@example("a\ud7ff", "")
@example("a\U0010ffff", "")
def test_beyond(prefix: str, rest: str) -> None:
    end = beyond(prefix)
    assert end is None or prefix + rest < end
    assert end is None or not end.startswith(prefix)


@pytest.mark.parametrize("key", KEYS, ids=ascii)
def test_samples(key: str) -> None:
    assert decode(encode(key)) == key
