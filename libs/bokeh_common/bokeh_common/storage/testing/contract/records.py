"""The contract of `RecordStore`."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bokeh_common.errors import Conflict, Invalid, NotFound, TooLarge
from bokeh_common.storage import ABSENT, JSON, RecordStore
from bokeh_common.storage.testing.contract import races
from bokeh_common.storage.testing.contract.samples import INVALID_KEYS, INVALID_VALUES, KEYS, VALUES
from bokeh_common.storage.testing.servers.backend import Backend


class RecordContract:
    """Tests of every `RecordStore`; a subclass provides the fixture `backend`."""

    @pytest.fixture
    def store(self, backend: Backend) -> RecordStore:
        return backend.records()

    def test_existing_records_are_read(self, backend: Backend, store: RecordStore) -> None:
        backend.insert_record("a/b", {"x": 1})
        assert (store.get("a/b").key, store.get("a/b").value) == ("a/b", {"x": 1})

    def test_records_are_stored_readably(self, backend: Backend, store: RecordStore) -> None:
        store.put("a/b", {"x": 1})
        assert backend.stored_records() == {"a/b": {"x": 1}}

    @pytest.mark.parametrize("value", VALUES, ids=ascii)
    def test_values_are_read_as_written(self, store: RecordStore, value: JSON) -> None:
        store.put("key", value)
        found = store.get("key").value
        assert found == value
        assert type(found) is type(value)

    def test_large_values_are_read_as_written(self, store: RecordStore) -> None:
        value = ["0123456789abcde"] * (900 << 10)
        store.put("key", value)
        assert store.get("key").value == value

    def test_values_that_are_too_large_are_rejected(self, store: RecordStore) -> None:
        with pytest.raises(TooLarge):
            store.put("key", "x" * (16 << 20))
        assert store.list() == []

    @pytest.mark.parametrize("value", INVALID_VALUES, ids=lambda value: type(value).__name__)
    def test_values_that_are_not_json_are_rejected(self, store: RecordStore, value: JSON) -> None:
        with pytest.raises(Invalid):
            store.put("key", value)
        assert store.list() == []

    def test_all_keys_are_listed_in_order(self, backend: Backend, store: RecordStore) -> None:
        for key in reversed(KEYS):
            store.put(key, key)
        assert [store.get(key).value for key in KEYS] == KEYS
        assert [record.key for record in store.list()] == KEYS
        assert [record.value for record in backend.records().list()] == KEYS

    @pytest.mark.parametrize("key", INVALID_KEYS, ids=["empty", "NUL", "surrogate", "long"])
    def test_invalid_keys_are_rejected(self, store: RecordStore, key: str) -> None:
        for call in (store.get, store.delete, lambda key: store.put(key, 1)):
            with pytest.raises(Invalid):
                call(key)

    def test_absent_records(self, store: RecordStore) -> None:
        with pytest.raises(NotFound):
            store.get("nothing")
        store.delete("nothing")
        with pytest.raises(Conflict):
            store.delete("nothing", if_match="etag")
        with pytest.raises(Conflict):
            store.put("nothing", 1, if_match="etag")
        assert store.list() == []

    def test_create_if_absent(self, store: RecordStore) -> None:
        etag = store.put("key", 1, if_match=ABSENT)
        with pytest.raises(Conflict):
            store.put("key", 2, if_match=ABSENT)
        assert (store.get("key").value, store.get("key").etag) == (1, etag)

    def test_compare_and_swap(self, store: RecordStore) -> None:
        first = store.put("key", 1)
        second = store.put("key", 2, if_match=first)
        with pytest.raises(Conflict):
            store.put("key", 3, if_match=first)
        assert (store.get("key").value, store.get("key").etag) == (2, second)

    def test_etags_are_never_reused(self, store: RecordStore) -> None:
        first = store.put("key", "same")
        second = store.put("key", "same")
        store.delete("key")
        third = store.put("key", "same", if_match=ABSENT)
        assert len({first, second, third}) == 3
        with pytest.raises(Conflict):
            store.put("key", "stale", if_match=first)

    def test_delete_if_unchanged(self, store: RecordStore) -> None:
        first = store.put("key", 1)
        second = store.put("key", 2)
        with pytest.raises(Conflict):
            store.delete("key", if_match=first)
        assert store.get("key").value == 2
        store.delete("key", if_match=second)
        with pytest.raises(NotFound):
            store.get("key")

    def test_listed_etags_are_those_of_the_records(self, store: RecordStore) -> None:
        store.put("key", 1)
        store.put("key", 2, if_match=store.list()[0].etag)
        assert store.get("key").value == 2

    def test_pages(self, backend: Backend, store: RecordStore) -> None:
        keys = [f"p/{number:03}" for number in range(25)]
        for key in keys:
            backend.insert_record(key, key)
        for limit in (1, 5, 7, 24, 25, 26):
            assert pages(store, "p/", limit) == keys
        assert [record.key for record in store.list("p/", "p/007", 2)] == ["p/008", "p/009"]
        assert [record.key for record in store.list("p/", "p/007x", 2)] == ["p/008", "p/009"]
        assert store.list("p/", "p/024") == []
        assert store.list("p/", "q") == []
        assert store.list("p/", "o", 1)[0].key == "p/000"

    def test_keys_are_those_of_list(self, backend: Backend, store: RecordStore) -> None:
        for key in KEYS:
            store.put(key, key)
        for page in [("", "", 1000), ("a", "", 2), ("a/", "a/", 3), ("", KEYS[4], 3), ("z", "", 1)]:
            listed = [(record.key, record.etag) for record in store.list(*page)]
            assert backend.records().keys(*page) == listed
        store.put(KEYS[0], 1, if_match=store.keys()[0][1])
        with pytest.raises(Invalid):
            store.keys(limit=0)

    def test_prefixes(self, store: RecordStore) -> None:
        keys = ["a", "a-", "a/", "a/b", "a/c", "ab", "é", "éa", "😀", "\U0010ffff", "\U0010ffffx"]
        for key in keys:
            store.put(key, 0)
        for prefix in ["", "a", "a/", "a/b", "é", "e", "😀", "\U0010ffff", "z", "x" * 600]:
            assert [record.key for record in store.list(prefix)] == [
                key for key in keys if key.startswith(prefix)
            ]

    @pytest.mark.parametrize("limit", [0, -1, 10_001])
    def test_invalid_limits_are_rejected(self, store: RecordStore, limit: int) -> None:
        with pytest.raises(Invalid):
            store.list(limit=limit)

    def test_namespaces_are_separate(self, backend: Backend, store: RecordStore) -> None:
        store.put("key", 1)
        backend.namespace += "-2"
        assert backend.records().list() == []

    def test_threads_share_a_store(self, store: RecordStore) -> None:
        with ThreadPoolExecutor(8) as pool:
            wins = list(pool.map(lambda number: races.create(store, "key", number), range(32)))
        assert sum(wins) == 1
        assert store.get("key").value == wins.index(True)

    def test_no_update_is_lost_between_threads(self, store: RecordStore) -> None:
        store.put("counter", 0)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: races.count(store, "counter", 10), range(8)))
        assert store.get("counter").value == 80

    def test_no_update_is_lost_between_processes(self, backend: Backend, store: RecordStore) -> None:
        store.put("counter", 0)
        wins = races.in_processes(races.count_and_create, backend.url, backend.namespace, 20)
        assert store.get("counter").value == 20 * races.PROCESSES
        assert sorted(wins) == [False] * (races.PROCESSES - 1) + [True]

    def test_one_of_concurrent_deletions_wins(self, store: RecordStore) -> None:
        etag = store.put("key", 1)
        with ThreadPoolExecutor(8) as pool:
            wins = list(pool.map(lambda _: races.delete(store, "key", etag), range(8)))
        assert sum(wins) == 1

    def test_a_record_is_either_replaced_or_deleted(self, store: RecordStore) -> None:
        for _ in range(10):
            etag = store.put("key", "old")
            with ThreadPoolExecutor(2) as pool:
                deleted = pool.submit(races.delete, store, "key", etag)
                replaced = pool.submit(races.swap, store, "key", "new", etag)
            assert deleted.result() != replaced.result()
            assert [record.value for record in store.list()] == (["new"] if replaced.result() else [])

    def test_listing_during_writes(self, store: RecordStore) -> None:
        steady = [f"k{number:03}" for number in range(0, 100, 2)]
        for key in steady:
            store.put(key, 0)
        with (
            ThreadPoolExecutor(1) as pool,
            races.repeatedly(pool, lambda: races.add_and_delete_records(store)),
        ):
            for _ in range(5):
                found = pages(store, "k", 7)
                assert found == sorted(set(found))
                assert set(found) >= set(steady)


def pages(store: RecordStore, prefix: str, limit: int) -> list[str]:
    """Return the keys of all pages."""
    found: list[str] = []
    while page := store.list(prefix, found[-1] if found else "", limit):
        found += [record.key for record in page]
    return found
