"""Data sources on a real storage."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from blake3 import blake3

from bokeh_common.errors import Invalid, NotFound
from bokeh_data.sources import Sources

DATA = bytes(range(240))


def hash_of(data: bytes) -> str:
    return blake3(data).hexdigest()


def column(*parts: bytes) -> dict[str, Any]:
    chunks = [{"hash": hash_of(part), "size": len(part)} for part in parts]
    return {"dtype": "float64", "shape": [sum(map(len, parts)) // 8], "chunks": chunks}


def upload(sources: Sources, *parts: bytes) -> None:
    for part in parts:
        sources.store_chunk("ada", hash_of(part), [part[:7], part[7:]])


def test_values_come_back(sources: Sources) -> None:
    parts = DATA[:80], DATA[80:]
    upload(sources, *parts)
    source, created = sources.create("ada", "sine", {"x": column(*parts)})
    assert created
    [found] = sources.columns("ada", [source.columns["x"]["hash"]])
    assert b"".join(sources.read(found)) == DATA
    assert source.columns["x"] == {
        "dtype": "float64", "shape": [30], "length": 30, "size": 240, "hash": found.hash,
    }  # fmt: skip


def test_missing_chunks_in_order(sources: Sources) -> None:
    upload(sources, b"there")
    asked = [hash_of(b"z"), hash_of(b"there"), hash_of(b"a")]
    assert sources.missing_chunks("ada", asked) == [asked[0], asked[2]]


def test_another_account_does_not_learn_what_is_stored(sources: Sources) -> None:
    upload(sources, b"there")
    assert sources.missing_chunks("bob", [hash_of(b"there")]) == [hash_of(b"there")]


def test_another_account_has_to_send_what_it_refers_to(sources: Sources) -> None:
    upload(sources, DATA)
    with pytest.raises(Invalid) as caught:
        sources.create("bob", "stolen", {"x": column(DATA)})
    assert caught.value.kind == "missing-chunks"
    assert sources.store_chunk("bob", hash_of(DATA), [DATA])
    assert sources.create("bob", "own", {"x": column(DATA)})[1]


def test_same_chunk_again(sources: Sources) -> None:
    assert sources.store_chunk("ada", hash_of(b"a"), [b"a"])
    assert not sources.store_chunk("ada", hash_of(b"a"), [b"a"])


def test_wrong_bytes_are_not_stored(sources: Sources) -> None:
    with pytest.raises(Invalid) as caught:
        sources.store_chunk("ada", hash_of(b"right"), [b"wrong"])
    assert caught.value.kind == "hash-mismatch"
    assert sources.missing_chunks("ada", [hash_of(b"right")]) == [hash_of(b"right")]


def test_upload_that_breaks_is_not_stored(sources: Sources) -> None:
    def broken() -> Iterator[bytes]:
        yield b"a"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        sources.store_chunk("ada", hash_of(b"ab"), broken())
    assert sources.missing_chunks("ada", [hash_of(b"ab")]) == [hash_of(b"ab")]


def test_commit_without_its_chunks(sources: Sources) -> None:
    with pytest.raises(Invalid) as caught:
        sources.create("ada", "sine", {"x": column(DATA)})
    assert caught.value.kind == "missing-chunks"
    assert caught.value.members == {"missing": [hash_of(DATA)]}
    assert sources.page("ada", "", 10) == []


def test_commit_that_lies_about_a_size(sources: Sources) -> None:
    upload(sources, DATA)
    lie = {"dtype": "float64", "shape": [2], "chunks": [{"hash": hash_of(DATA), "size": 16}]}
    with pytest.raises(Invalid, match="240 bytes, not 16"):
        sources.create("ada", "sine", {"x": lie})


def test_commit_that_names_a_chunk_with_two_sizes(sources: Sources) -> None:
    upload(sources, DATA)
    chunks = [{"hash": hash_of(DATA), "size": size} for size in (480, 240)]
    with pytest.raises(Invalid, match="240 bytes, not 480"):
        sources.create("ada", "sine", {"x": {"dtype": "float64", "shape": [90], "chunks": chunks}})


def test_same_content_is_the_same_source(sources: Sources) -> None:
    upload(sources, DATA)
    first, _ = sources.create("ada", "sine", {"x": column(DATA), "y": column(DATA)})
    again, created = sources.create("ada", "other", {"y": column(DATA), "x": column(DATA)})
    other, _ = sources.create("ada", "sine", {"x": column(DATA)})
    assert (again.id, created) == (first.id, False)
    assert other.id != first.id


def test_who_makes_the_same_source_at_once_finds_it_there(sources: Sources) -> None:
    upload(sources, DATA)

    def make(_: int) -> str:
        made, _created = sources.create("ada", "sine", {"x": column(DATA)})
        return sources.get("ada", made.id).id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(make, range(24)))) == 1


def test_list_is_paged_by_id(sources: Sources) -> None:
    ids = [sources.create("ada", "s", {f"c{i}": column()})[0].id for i in range(5)]
    first = sources.page("ada", "", 3)
    rest = sources.page("ada", first[-1].id, 3)
    assert [s.id for s in first + rest] == sorted(ids)


@pytest.mark.parametrize("name", ["", None, 3, "x" * 1001])
def test_names(sources: Sources, name: Any) -> None:
    with pytest.raises(Invalid):
        sources.create("ada", name, {})


@pytest.mark.parametrize("columns", [None, [], "x", {"x": None}])
def test_wrong_columns(sources: Sources, columns: Any) -> None:
    with pytest.raises(Invalid):
        sources.create("ada", "s", columns)


def test_unknown_things_are_not_found(sources: Sources) -> None:
    with pytest.raises(NotFound):
        sources.get("ada", "nothing")
    with pytest.raises(NotFound) as caught:
        sources.columns("ada", ["0" * 64])
    assert caught.value.members == {"missing": ["0" * 64]}
