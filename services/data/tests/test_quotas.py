"""How much an account may have."""

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from bokeh_common.errors import Forbidden
from bokeh_data import quotas
from bokeh_data.live import LiveSources, Rows
from bokeh_data.quotas import Quotas
from bokeh_data.records import Records
from bokeh_data.sources import Sources


def store(sources: Sources, data: bytes, user: str = "ada") -> None:
    sources.store_chunk(user, blake3(data).hexdigest(), [data[i : i + 100] for i in range(0, len(data), 100)])


def test_what_would_be_more_is_refused_and_not_stored(records: Records, sources: Sources) -> None:
    records.bound("ada", 1000)
    store(sources, b"a" * 600)
    with pytest.raises(Forbidden) as caught:
        store(sources, b"b" * 600)
    assert (caught.value.kind, caught.value.members) == ("quota-exceeded", {"used": 600, "limit": 1000})
    assert sources.missing_chunks("ada", [blake3(b"b" * 600).hexdigest()])
    store(sources, b"a" * 600)  # which is there
    store(sources, b"c" * 400)
    store(sources, b"b" * 600, "bob")
    assert records.uploads("ada", "", 10).keys() == {blake3(c).hexdigest() for c in (b"a" * 600, b"c" * 400)}


def test_what_is_deleted_or_raised_makes_room(
    records: Records, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(quotas, "time", SimpleNamespace(monotonic=lambda: now[0]))
    records.bound("ada", 1000)
    store(sources, b"a" * 1000)
    now[0] += 2
    records.forget_upload("ada", blake3(b"a" * 1000).hexdigest())
    store(sources, b"b" * 1000)  # another process, the garbage collector, made room meanwhile
    with pytest.raises(Forbidden):
        store(sources, b"c")
    records.bound("ada", None)
    store(sources, b"c")
    records.bound("ada", 1001)
    with pytest.raises(Forbidden):
        store(sources, b"d")


def test_live_sources_stay_as_they_are(records: Records, live: LiveSources) -> None:
    records.bound("ada", 1000)
    source = live.create(
        "ada", {"name": "s", "columns": {"x": {"values": [0.0] * 100, "dtype": "float64"}}}, []
    )
    rows = Rows({"x": [1.0] * 100}, [])
    changes: tuple[Callable[[], object], ...] = (
        lambda: live.append("ada", source.id, rows),
        lambda: live.replace("ada", source.id, {"columns": {"x": [0.5] * 30}}, [], None),
        lambda: live.create("ada", {"name": "t", "columns": {"x": [0.5] * 30}}, []),
    )
    for change in changes:
        with pytest.raises(Forbidden):
            change()
    assert live.append("ada", source.id, Rows({"x": []}, [])).columns == source.columns


def test_who_is_handed_chunks_pays_for_them(records: Records) -> None:
    records.bound("bob", 10)
    for _ in range(2):  # the second time, they are paid for
        records.hold_chunk("bob", "c" * 64, 10)
    with pytest.raises(Forbidden):
        records.hold_chunk("bob", "d" * 64, 1)
    assert records.uploads("bob", "", 10) == {"c" * 64: 10}


def test_uploads_that_break_count_no_more(records: Records, sources: Sources) -> None:
    records.bound("ada", 1000)

    def broken() -> Iterator[bytes]:
        yield b"x" * 900
        raise ConnectionResetError

    for _ in range(3):
        with pytest.raises(ConnectionResetError):
            records.put_chunk("ada", "e" * 64, broken())
    store(sources, b"a" * 1000)


def test_threads_together_stay_below(records: Records, sources: Sources) -> None:
    records.bound("ada", 5000)
    refused: list[Forbidden] = []

    def upload(letter: int) -> None:
        try:
            store(sources, bytes([letter]) * 1000)
        except Forbidden as error:
            refused.append(error)

    threads = [threading.Thread(target=upload, args=(letter,)) for letter in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(records.uploads("ada", "", 100).values()) <= 5000
    for letter in range(10, 20):  # those that were refused for others that were refused
        upload(letter)
    assert sum(records.uploads("ada", "", 100).values()) == 5000


Step = tuple[str, int, int]


@given(st.lists(st.tuples(st.sampled_from(["put", "fail", "gone"]), st.integers(0, 5), st.integers(1, 40))))
def test_the_count_is_right_after_anything(steps: list[Step]) -> None:
    there: dict[str, int] = {}

    def listing(user: str, after: str, limit: int) -> dict[str, int]:
        return {name: there[name] for name in sorted(there) if name > after}

    counted = Quotas(listing)
    counted.bound("ada", 100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quotas, "SURE_SECONDS", -1)
        for kind, number, size in steps:
            _step(counted, there, kind, str(number), size)
            assert sum(there.values()) <= 100


def _step(counted: Quotas, there: dict[str, int], kind: str, name: str, size: int) -> None:
    if kind == "gone":
        there.pop(name, None)
        return
    if name in there:
        return
    try:
        with counted.storing("ada", name) as grow:
            _store(grow, size, kind)
            there[name] = size
    except Forbidden:
        assert sum(there.values()) + size > 100
    except ConnectionResetError:
        pass


def _store(grow: Callable[[int], None], size: int, kind: str) -> None:
    for part in range(1, size + 1, 7):
        grow(part)
    if kind == "fail":
        raise ConnectionResetError
    grow(size)
