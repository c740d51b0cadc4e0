"""The contract of `BlobStore`."""

import os
import time
from itertools import pairwise

import pytest

from bokeh_common.errors import Conflict, Invalid, NotFound
from bokeh_common.storage import BlobStore
from bokeh_common.storage.testing.contract.concurrent_blobs import ConcurrentBlobContract
from bokeh_common.storage.testing.contract.samples import INVALID_KEYS, KEYS
from bokeh_common.storage.testing.contract.streams import MIB, blocks_of, failing, pages, read
from bokeh_common.storage.testing.servers.backend import Backend

#: Bytes, around the sizes of the blocks into which backends split blobs.
SIZES = [0, 1, MIB - 1, MIB, MIB + 1, 4 * MIB - 1, 4 * MIB, 4 * MIB + 1, 9 * MIB + 7]


class BlobContract(ConcurrentBlobContract):
    """Tests of every `BlobStore`; a subclass provides the fixture `backend`."""

    def test_existing_blobs_are_read(self, backend: Backend, store: BlobStore) -> None:
        backend.insert_blob("chunks/ada/9f3c", b"bytes")
        assert read(store, "chunks/ada/9f3c") == b"bytes"
        assert store.stat("chunks/ada/9f3c").size == 5
        assert [stat.key for stat in store.list()] == ["chunks/ada/9f3c"]

    def test_blobs_are_stored_readably(self, backend: Backend, store: BlobStore) -> None:
        store.put("chunks/ada/9f3c", [b"by", b"tes"])
        assert backend.stored_blobs() == {"chunks/ada/9f3c": b"bytes"}

    @pytest.mark.parametrize("size", SIZES)
    def test_blobs_of_all_sizes(self, store: BlobStore, size: int) -> None:
        data = os.urandom(size)
        assert store.put("key", [data]).size == size
        blocks = list(store.get("key"))
        assert b"".join(blocks) == data
        assert all(0 < len(block) <= 2 * MIB for block in blocks)
        assert store.stat("key").size == size

    @pytest.mark.parametrize("block", [1, 1000, 300_007, 5 * MIB])
    def test_blocks_may_have_any_size(self, store: BlobStore, block: int) -> None:
        data = os.urandom(min(6 * MIB, 5000 * block))
        store.put("key", blocks_of(data, block))
        assert read(store, "key") == data

    def test_blocks_may_be_absent_or_empty(self, store: BlobStore) -> None:
        store.put("none", [])
        store.put("empty", [b"", b"", b"x", b""])
        assert (read(store, "none"), read(store, "empty")) == (b"", b"x")

    def test_ranges(self, store: BlobStore) -> None:
        data = os.urandom(9 * MIB + 7)
        store.put("key", [data])
        positions = [
            0,
            1,
            MIB - 1,
            MIB,
            MIB + 1,
            4 * MIB,
            8 * MIB + 5,
            len(data) - 1,
            len(data),
            len(data) + 1,
        ]
        for start, end in [
            *pairwise(positions),
            *((position, None) for position in positions),
            (5, 5),
            (7, 3),
            (5, 6 * MIB),
        ]:
            assert read(store, "key", start, end) == data[start:end], (start, end)

    def test_views_outlive_their_blob(self, store: BlobStore) -> None:
        data = os.urandom(9 * MIB + 7)
        store.put("key", [data])
        store.put("empty", [])
        view = store.view("key")
        store.delete("key")
        assert (bytes(view[MIB : MIB + 9]), len(view), bytes(store.view("empty"))) == (
            data[MIB : MIB + 9],
            len(data),
            b"",
        )
        assert view.readonly
        with pytest.raises(NotFound):
            store.view("key")

    def test_ranges_of_an_empty_blob(self, store: BlobStore) -> None:
        store.put("key", [])
        assert [read(store, "key", *span) for span in [(0, 0), (0, 5), (3, None), (3, 9)]] == [b""] * 4

    @pytest.mark.parametrize("span", [(-1, None), (0, -1), (-5, -1)])
    def test_invalid_ranges_are_rejected(self, store: BlobStore, span: tuple[int, int | None]) -> None:
        store.put("key", [b"x"])
        with pytest.raises(Invalid):
            store.get("key", *span)

    def test_all_keys_are_listed_in_order(self, backend: Backend, store: BlobStore) -> None:
        for key in reversed(KEYS):
            store.put(key, [key.encode()])
        assert [read(store, key).decode() for key in KEYS] == KEYS
        assert [stat.key for stat in backend.blobs().list()] == KEYS
        for limit in (1, 7):
            assert pages(store, "", limit) == KEYS
        for prefix in ["a", "a/", "a/.", "é", "e", "😀", "z", "x" * 299, "x" * 600]:
            assert pages(store, prefix, 3) == [key for key in KEYS if key.startswith(prefix)]
        for key in KEYS:
            store.delete(key)
        assert store.list() == []

    @pytest.mark.parametrize("key", INVALID_KEYS, ids=["empty", "NUL", "surrogate", "long"])
    def test_invalid_keys_are_rejected(self, store: BlobStore, key: str) -> None:
        for call in (store.get, store.stat, store.touch, store.delete, lambda key: store.put(key, [])):
            with pytest.raises(Invalid):
                call(key)

    def test_absent_blobs(self, store: BlobStore) -> None:
        for call in (store.get, store.stat, store.touch):
            with pytest.raises(NotFound):
                call("nothing")
        with pytest.raises(NotFound):
            store.get("nothing", 5, 5)
        store.delete("nothing")

    def test_a_blob_is_deleted(self, backend: Backend, store: BlobStore) -> None:
        store.put("key", [b"x" * 3 * MIB])
        store.delete("key")
        self.test_absent_blobs(store)
        with pytest.raises(NotFound):
            store.get("key")
        assert backend.blobs().list() == []

    def test_a_blob_is_replaced(self, store: BlobStore) -> None:
        store.put("key", [b"a" * 3 * MIB])
        store.put("key", [b"bb"])
        assert read(store, "key") == b"bb"
        assert [stat.size for stat in store.list()] == [2]

    def test_a_blob_is_replaced_by_the_same_content(self, store: BlobStore) -> None:
        data = os.urandom(5 * MIB)
        for _ in range(2):
            assert store.put("key", [data]).size == len(data)
        assert read(store, "key") == data

    def test_a_failed_upload_stores_nothing(self, backend: Backend, store: BlobStore) -> None:
        store.put("old", [b"old"])
        for key in ("old", "new"):
            with pytest.raises(OSError, match="the client has disconnected"):
                store.put(key, failing(9 * MIB))
        assert read(store, "old") == b"old"
        assert [stat.key for stat in store.list()] == ["old"]
        assert backend.stored_blobs() == {"old": b"old"}

    def test_touch_updates_the_time(self, store: BlobStore) -> None:
        wait = store.traits.touch_seconds + 0.05
        before = store.put("key", [b"x"])
        time.sleep(wait)
        store.touch("key")
        touched = store.stat("key").touched
        assert touched > before.touched
        assert store.list() == [store.stat("key")]
        time.sleep(wait)
        assert store.put("key", [b"x"]).touched > touched
        assert read(store, "key") == b"x"

    def test_etags_are_never_reused(self, store: BlobStore) -> None:
        etags = []
        for _ in range(3):
            etags.append(store.put("key", [b"x"]).etag)
            assert store.stat("key").etag == store.list()[0].etag == etags[-1]
            store.touch("key")
            etags.append(store.stat("key").etag)
        store.delete("key")
        etags.append(store.put("key", [b"x"]).etag)
        assert len(set(etags)) == 7

    def test_delete_if_unchanged(self, backend: Backend, store: BlobStore) -> None:
        etags = [store.put("key", [b"x"]).etag]
        store.touch("key")
        etags.append(store.stat("key").etag)
        store.put("key", [b"x"])
        etags += ["", "never", '"0x0"']
        for etag in etags:
            with pytest.raises(Conflict):
                store.delete("key", if_match=etag or "-")
        assert read(store, "key") == b"x"
        last = backend.blobs().list()[0].etag
        store.delete("key", if_match=last)
        for key in ("key", "nothing"):
            with pytest.raises(Conflict):
                store.delete(key, if_match=last)
        store.put("key", [b"x"])
        with pytest.raises(Conflict):
            store.delete("key", if_match=last)
        assert backend.stored_blobs() == {"key": b"x"}

    def test_keys_are_those_of_list(self, store: BlobStore) -> None:
        for key in KEYS:
            store.put(key, [b""])
        assert store.keys() == KEYS
        for prefix in ["a", "a/", "é", "x" * 299]:
            assert store.keys(prefix, limit=2) == [stat.key for stat in store.list(prefix, limit=2)]
        assert store.keys(after=KEYS[4], limit=3) == KEYS[5:8]
        with pytest.raises(Invalid):
            store.keys(limit=0)

    def test_touched_is_the_current_time(self, store: BlobStore) -> None:
        stat = store.put("key", [b"x"])
        assert stat == store.stat("key")
        assert abs(stat.touched - time.time()) < 5

    def test_namespaces_are_separate(self, backend: Backend, store: BlobStore) -> None:
        store.put("key", [b"x"])
        backend.namespace += "-2"
        assert backend.blobs().list() == []

    @pytest.mark.parametrize("limit", [0, -1, 10_001])
    def test_invalid_limits_are_rejected(self, store: BlobStore, limit: int) -> None:
        with pytest.raises(Invalid):
            store.list(limit=limit)
