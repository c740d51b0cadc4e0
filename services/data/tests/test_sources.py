"""Frozen data sources, and the chunks and columns that they are made of."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.hashing import hash_bytes
from bokeh_data.sources import catalog
from bokeh_data.sources.drafts import SourceDraft

DATA = bytes(range(240))


def manifest(*parts: bytes) -> dict[str, Any]:
    chunks = [{"hash": hash_bytes(part), "size": len(part)} for part in parts]
    return {"dtype": "float64", "shape": [sum(map(len, parts)) // 8], "chunks": chunks}


def upload(domain: Any, *parts: bytes) -> None:
    for part in parts:
        domain.chunks.store("ada", hash_bytes(part), [part[:7], part[7:]])


def test_values_are_read_back(domain: Any) -> None:
    parts = DATA[:80], DATA[80:]
    upload(domain, *parts)
    source, is_new = domain.frozen.create("ada", "sine", {"x": manifest(*parts)})
    assert is_new
    [found] = domain.columns.get("ada", [source.columns["x"]["hash"]])
    assert b"".join(domain.columns.browser_blocks(found)) == DATA
    assert source.columns["x"] == {
        "dtype": "float64", "shape": [30], "length": 30, "size": 240, "hash": found.hash,
    }  # fmt: skip


def test_missing_chunks_are_in_the_order_of_the_request(domain: Any) -> None:
    upload(domain, b"stored")
    hashes = [hash_bytes(b"z"), hash_bytes(b"stored"), hash_bytes(b"a")]
    assert domain.chunks.missing("ada", hashes) == [hashes[0], hashes[2]]


def test_an_account_does_not_learn_what_others_store(domain: Any) -> None:
    upload(domain, b"stored")
    assert domain.chunks.missing("bob", [hash_bytes(b"stored")]) == [hash_bytes(b"stored")]


def test_an_account_has_to_upload_the_chunks_that_it_refers_to(domain: Any) -> None:
    upload(domain, DATA)
    with pytest.raises(Invalid) as caught:
        domain.frozen.create("bob", "stolen", {"x": manifest(DATA)})
    assert caught.value.kind == "missing-chunks"
    assert domain.chunks.store("bob", hash_bytes(DATA), [DATA])
    assert domain.frozen.create("bob", "own", {"x": manifest(DATA)})[1]


def test_a_chunk_is_stored_once(domain: Any) -> None:
    assert domain.chunks.store("ada", hash_bytes(b"a"), [b"a"])
    assert not domain.chunks.store("ada", hash_bytes(b"a"), [b"a"])


def test_bytes_with_another_hash_are_not_stored(domain: Any) -> None:
    with pytest.raises(Invalid) as caught:
        domain.chunks.store("ada", hash_bytes(b"right"), [b"wrong"])
    assert caught.value.kind == "hash-mismatch"
    assert domain.chunks.missing("ada", [hash_bytes(b"right")]) == [hash_bytes(b"right")]


def test_a_failed_upload_is_not_stored(domain: Any) -> None:
    def broken() -> Iterator[bytes]:
        yield b"a"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        domain.chunks.store("ada", hash_bytes(b"ab"), broken())
    assert domain.chunks.missing("ada", [hash_bytes(b"ab")]) == [hash_bytes(b"ab")]


def test_a_source_without_its_chunks_is_rejected(domain: Any) -> None:
    with pytest.raises(Invalid) as caught:
        domain.frozen.create("ada", "sine", {"x": manifest(DATA)})
    assert caught.value.kind == "missing-chunks"
    assert caught.value.members == {"missing": [hash_bytes(DATA)]}
    assert domain.catalog.page("ada", "", 10) == []


def test_a_chunk_with_a_wrong_size_is_rejected(domain: Any) -> None:
    upload(domain, DATA)
    wrong = {"dtype": "float64", "shape": [2], "chunks": [{"hash": hash_bytes(DATA), "size": 16}]}
    with pytest.raises(Invalid, match="240 bytes, not 16"):
        domain.frozen.create("ada", "sine", {"x": wrong})


def test_a_chunk_with_two_sizes_is_rejected(domain: Any) -> None:
    upload(domain, DATA)
    chunks = [{"hash": hash_bytes(DATA), "size": size} for size in (480, 240)]
    with pytest.raises(Invalid, match="240 bytes, not 480"):
        domain.frozen.create("ada", "sine", {"x": {"dtype": "float64", "shape": [90], "chunks": chunks}})


def test_the_same_columns_are_the_same_source(domain: Any) -> None:
    upload(domain, DATA)
    first, _ = domain.frozen.create("ada", "sine", {"x": manifest(DATA), "y": manifest(DATA)})
    second, is_new = domain.frozen.create("ada", "other", {"y": manifest(DATA), "x": manifest(DATA)})
    other, _ = domain.frozen.create("ada", "sine", {"x": manifest(DATA)})
    assert (second.id, is_new) == (first.id, False)
    assert other.id != first.id


def test_concurrent_creations_of_the_same_source_succeed(domain: Any) -> None:
    upload(domain, DATA)

    def create(_: int) -> str:
        source, _is_new = domain.frozen.create("ada", "sine", {"x": manifest(DATA)})
        return str(domain.catalog.get("ada", source.id).id)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(create, range(24)))) == 1


def test_sources_are_listed_by_id(domain: Any) -> None:
    ids = [domain.frozen.create("ada", "s", {f"c{i}": manifest()})[0].id for i in range(5)]
    first = domain.catalog.page("ada", "", 3)
    rest = domain.catalog.page("ada", first[-1].id, 3)
    assert [source.id for source in first + rest] == sorted(ids)


@pytest.mark.parametrize("name", ["", "x" * 1001])
def test_names_of_invalid_length_are_rejected(domain: Any, name: str) -> None:
    with pytest.raises(Invalid):
        domain.frozen.create("ada", name, {})


def test_invalid_manifests_are_rejected(domain: Any) -> None:
    with pytest.raises(Invalid):
        domain.frozen.create("ada", "s", {"x": None})


def test_unknown_sources_and_columns_are_not_found(domain: Any) -> None:
    with pytest.raises(NotFound):
        domain.catalog.get("ada", "nothing")
    with pytest.raises(NotFound) as caught:
        domain.columns.get("ada", ["0" * 64])
    assert caught.value.members == {"missing": ["0" * 64]}


def test_sources_of_a_name_are_listed_in_pages(domain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "RECORDS_AT_ONCE", 3)
    upload(domain, DATA)
    made = [domain.live.create("ada", SourceDraft(f"n{i % 2}", {"x": [i]})) for i in range(10)]
    expected = sorted(source.id for source in made if source.name == "n1")
    first = domain.catalog.page("ada", "", 2, "n1")
    rest = domain.catalog.page("ada", first[-1].id, 9, "n1")
    assert [source.id for source in (*first, *rest)] == expected
    assert domain.catalog.page("ada", "", 9, "n") == []
