"""The contract of `BlobStore` for concurrent readers and writers."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bokeh_common.errors import Unavailable
from bokeh_common.storage import BlobStore
from bokeh_common.storage.testing.contract import races
from bokeh_common.storage.testing.contract.streams import MIB, blocks_of, pages, read
from bokeh_common.storage.testing.servers.backend import Backend


class ConcurrentBlobContract:
    """Tests of concurrent access to the same blobs; part of `BlobContract`."""

    @pytest.fixture
    def store(self, backend: Backend) -> BlobStore:
        return backend.blobs()

    def test_a_blob_is_not_visible_while_it_is_written(self, backend: Backend, store: BlobStore) -> None:
        def data() -> Iterator[bytes]:
            for _ in range(9):
                yield b"x" * MIB
                assert backend.blobs().list() == []

        store.put("key", data())
        assert [stat.size for stat in store.list()] == [9 * MIB]

    def test_a_blob_is_replaced_by_the_same_content_while_it_is_read(self, store: BlobStore) -> None:
        data = os.urandom(9 * MIB)
        store.put("key", [data])
        blocks = store.get("key")
        started = next(blocks)
        store.put("key", [data])
        store.touch("key")
        assert started + b"".join(blocks) == data

    def test_a_blob_is_replaced_while_it_is_read(self, store: BlobStore) -> None:
        old, new = b"a" * 9 * MIB, b"b" * 9 * MIB
        store.put("key", [old])
        blocks = store.get("key")
        started = next(blocks)
        store.put("key", [new])
        try:
            assert started + b"".join(blocks) == old
        except Unavailable:  # which the interface permits
            assert read(store, "key") == new

    def test_a_reader_may_stop_early(self, store: BlobStore) -> None:
        store.put("key", [b"x" * 9 * MIB])
        blocks = store.get("key")
        next(blocks)
        del blocks
        assert len(read(store, "key")) == 9 * MIB

    def test_a_blob_is_either_touched_or_deleted(self, store: BlobStore) -> None:
        for number in range(20):
            change = races.touch if number % 2 else races.store_again
            etag = store.put("key", [b"x"]).etag
            with ThreadPoolExecutor(2) as pool:
                deleted = pool.submit(races.delete_blob, store, "key", etag)
                changed = pool.submit(change, store, "key")
            found = [stat.key for stat in store.list()]
            if change is races.touch:
                assert deleted.result() != changed.result()
            assert bool(found) == changed.result()

    def test_threads_write_one_key(self, store: BlobStore) -> None:
        contents = [bytes([number]) * (5 * MIB + number) for number in range(6)]
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda data: store.put("key", blocks_of(data, MIB)), contents))
        assert read(store, "key") in contents

    def test_processes_write_one_key(self, backend: Backend, store: BlobStore) -> None:
        races.in_processes(races.write_and_read, backend.url, backend.namespace, 3)
        assert [stat.size for stat in store.list()] == [5 * MIB] * 3

    def test_listing_during_writes(self, store: BlobStore) -> None:
        steady = [f"k{number:03}" for number in range(0, 60, 2)]
        for key in steady:
            store.put(key, [b""])
        with ThreadPoolExecutor(1) as pool, races.repeatedly(pool, lambda: races.add_and_delete_blobs(store)):
            for _ in range(5):
                found = pages(store, "k", 7)
                assert found == sorted(set(found))
                assert set(found) >= set(steady)
