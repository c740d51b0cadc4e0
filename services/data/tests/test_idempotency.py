"""Appends that are repeated: each is stored once, whatever other clients append in the meantime."""

import threading
from typing import Any

import pytest

from bokeh_data.sources.drafts import RowsDraft, SourceDraft
from bokeh_data.sources.idempotency import MAX_KEYS, MAX_WRITERS, is_repeated, remember_key
from bokeh_data.sources.live import LiveSources
from bokeh_data.sources.source import Source

from .stored_values import read

WRITER = "writer/0123456789abcdef"


def append(live: LiveSources, source_id: str, value: int, key: str) -> Source:
    return live.append("ada", source_id, RowsDraft({"x": [value]}, key=key))


def test_a_batch_of_a_writer_is_recognised_after_many_other_appends(domain: Any, live: LiveSources) -> None:
    source = live.create("ada", SourceDraft("s", {"x": [0]}))
    append(live, source.id, 1, f"{WRITER}/1")
    for number in range(MAX_KEYS + 5):
        append(live, source.id, -1, f"other {number}")
    append(live, source.id, 1, f"{WRITER}/1")
    append(live, source.id, 2, f"{WRITER}/2")
    append(live, source.id, 1, f"{WRITER}/1")
    found = domain.catalog.get("ada", source.id)
    assert [value for value in read(domain, found, "x") if value >= 0] == [0, 1, 2]
    assert len(found.appends) == MAX_KEYS
    assert found.writers == {WRITER.partition("/")[2]: 2}


def test_rows_that_change_nothing_are_appended_once(domain: Any, live: LiveSources) -> None:
    """A full source of equal values is the same after one more of them, but the next rows follow that one."""
    source = live.create("ada", SourceDraft("s", {"x": [5, 5, 5]}))
    for value, number in [(5, 1), (6, 1), (5, 1)]:
        key = f"{WRITER}/{number}" if value == 5 else "other"
        live.append("ada", source.id, RowsDraft({"x": [value]}, rollover=3, key=key))
    assert read(domain, domain.catalog.get("ada", source.id), "x") == [5, 5, 6]


def test_a_new_process_recognises_it(storage: str, domains: Any) -> None:
    first, second = domains(storage), domains(storage)
    source = first.live.create("ada", SourceDraft("s", {"x": [0]}))
    append(first.live, source.id, 1, f"{WRITER}/1")
    append(second.live, source.id, 1, f"{WRITER}/1")
    assert read(second, second.catalog.get("ada", source.id), "x") == [0, 1]


def test_two_processes_that_get_it_at_once_store_it_once(storage: str, domains: Any) -> None:
    services = [domains(storage) for _ in range(2)]
    source = services[0].live.create("ada", SourceDraft("s", {"x": [0]}))

    def send(service: Any) -> None:
        for number in range(1, 13):
            append(service.live, source.id, number, f"{WRITER}/{number}")

    threads = [threading.Thread(target=send, args=(service,)) for service in services * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read(services[0], services[0].catalog.get("ada", source.id), "x") == list(range(13))


def test_the_last_writers_are_remembered() -> None:
    source = Source("a" * 26, "s", 1, {})
    keys = [f"writer/{number:016}/1" for number in range(MAX_WRITERS)]
    for key in keys:
        source = remember_key(source, key, 2)
    source = remember_key(source, keys[0].replace("/1", "/2"), 3)  # now the last one
    source = remember_key(source, f"{WRITER}/1", 4)
    assert len(source.writers) == MAX_WRITERS
    assert is_repeated(source, keys[0])
    assert not is_repeated(source, keys[1])
    assert is_repeated(source, keys[2])


@pytest.mark.parametrize("key", ["writer/short/1", "writer/0123456789abcdef/0", "writer/0123456789abcdef/-1"])
def test_other_keys_are_opaque(key: str) -> None:
    source = remember_key(Source("a" * 26, "s", 1, {}), key, 2)
    assert source.appends == {key: 2}
    assert is_repeated(source, key)
    assert not is_repeated(source, f"{key}0")
    assert not is_repeated(source, None)


def test_records_of_earlier_versions_have_no_writers() -> None:
    record = Source("a" * 26, "s", 1, {}).record
    del record["writers"]
    assert Source.from_record(record).writers == {}
