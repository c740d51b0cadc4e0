"""Quotas: how many bytes an account may have."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokeh_common.errors import Forbidden
from bokeh_common.hashing import hash_bytes
from bokeh_common.storage import open_records
from bokeh_data.sources.drafts import RowsDraft, SourceDraft
from bokeh_data.sources.live import LiveSources
from bokeh_data.storage import quotas, usage_ledger
from bokeh_data.storage.quotas import UPLOAD_BYTES, Quotas
from bokeh_data.storage.repository import DataRepository
from bokeh_data.storage.usage_ledger import UsageLedger


def repeat(action: Callable[[int], object]) -> None:
    """Call a function with 0, 1 and so on, for ever."""
    for number in count():
        action(number)


def store(domain: Any, chunk: bytes, user: str = "ada") -> None:
    blocks = [chunk[i : i + 100] for i in range(0, len(chunk), 100)]
    domain.chunks.store(user, hash_bytes(chunk), blocks)


def test_a_chunk_that_exceeds_the_quota_is_not_stored(domain: Any) -> None:
    domain.repository.set_quota("ada", 1000 + 2 * UPLOAD_BYTES)
    store(domain, b"a" * 600)
    with pytest.raises(Forbidden) as caught:
        store(domain, b"b" * 600)
    used, limit = 600 + UPLOAD_BYTES, 1000 + 2 * UPLOAD_BYTES
    assert (caught.value.kind, caught.value.members) == ("quota-exceeded", {"used": used, "limit": limit})
    assert domain.chunks.missing("ada", [hash_bytes(b"b" * 600)])
    store(domain, b"a" * 600)  # which is stored already
    store(domain, b"c" * 400)
    store(domain, b"b" * 600, "bob")
    uploads = domain.repository.uploads("ada", "", 10)
    assert uploads.keys() == {hash_bytes(chunk) for chunk in (b"a" * 600, b"c" * 400)}


def test_chunks_are_refused_before_they_are_sent(domain: Any) -> None:
    quotas = domain.repository.quotas
    quotas.check("ada", [1 << 40])  # without a quota
    domain.repository.set_quota("ada", 1000 + 2 * UPLOAD_BYTES)
    store(domain, b"a" * 400)
    quotas.check("ada", [600])
    with pytest.raises(Forbidden) as caught:
        quotas.check("ada", [300, 300])  # with the record of another chunk
    assert caught.value.kind == "quota-exceeded"
    store(domain, b"b" * 600)  # as nothing was reserved


def test_tiny_chunks_count_with_their_records(domain: Any) -> None:
    domain.repository.set_quota("ada", 10 * UPLOAD_BYTES)
    with pytest.raises(Forbidden):
        repeat(lambda number: store(domain, bytes([number])))
    assert len(domain.repository.uploads("ada", "", 100)) == 9


def test_deletion_and_a_larger_quota_make_space(domain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(quotas, "time", SimpleNamespace(monotonic=lambda: now[0], time=time.time))
    domain.repository.set_quota("ada", 1000 + UPLOAD_BYTES)
    store(domain, b"a" * 1000)
    now[0] += 2
    domain.repository.delete_upload("ada", hash_bytes(b"a" * 1000))
    store(domain, b"b" * 1000)  # as after the garbage collector, another process, has deleted chunks
    with pytest.raises(Forbidden):
        store(domain, b"c")
    domain.repository.set_quota("ada", None)
    store(domain, b"c")
    domain.repository.set_quota("ada", 1001 + 2 * UPLOAD_BYTES)
    with pytest.raises(Forbidden):
        store(domain, b"d")


def test_rejected_changes_leave_live_sources_unchanged(domain: Any, live: LiveSources) -> None:
    source = live.create("ada", SourceDraft("s", {"x": {"values": [0.0] * 100, "dtype": "float64"}}))
    domain.repository.set_quota("ada", domain.repository.stored_bytes("ada") + 100)
    rows = RowsDraft({"x": [1.0] * 100})
    changes: tuple[Callable[[], object], ...] = (
        lambda: live.append("ada", source.id, rows),
        lambda: live.replace("ada", source.id, SourceDraft(columns={"x": [0.5] * 30}), None),
        lambda: live.create("ada", SourceDraft("t", {"x": [0.5] * 30})),
    )
    for change in changes:
        with pytest.raises(Forbidden):
            change()
    domain.repository.set_quota("ada", None)
    assert live.append("ada", source.id, RowsDraft({"x": []})).columns == source.columns


def test_records_manifests_and_versions_count(domain: Any, live: LiveSources) -> None:
    """Without any new chunk, versions and sources fill the quota."""
    source = live.create("ada", SourceDraft("s", {"x": [0.0]}))
    limit = domain.repository.stored_bytes("ada") + 20_000
    domain.repository.set_quota("ada", limit)
    chunks = domain.repository.uploads("ada", "", 10)
    with pytest.raises(Forbidden):
        repeat(lambda number: live.create("ada", SourceDraft(f"another {number}", {"x": [0.0]})))
    assert domain.repository.uploads("ada", "", 10) == chunks
    assert limit - 2000 < domain.repository.stored_bytes("ada") <= limit
    domain.repository.set_quota("ada", limit := limit + 20_000)
    with pytest.raises(Forbidden):
        repeat(lambda n: live.replace("ada", source.id, SourceDraft(columns={f"x{n % 2}": [0.0]}), None))
    assert limit - 2000 < domain.repository.stored_bytes("ada") <= limit


def test_granted_chunks_count_once(repository: DataRepository) -> None:
    repository.set_quota("bob", 10 + UPLOAD_BYTES)
    for _ in range(2):
        repository.grant_chunk("bob", "c" * 64, 10)
    with pytest.raises(Forbidden):
        repository.grant_chunk("bob", "d" * 64, 1)
    assert repository.uploads("bob", "", 10) == {"c" * 64: 10}


def test_failed_uploads_do_not_count(domain: Any) -> None:
    domain.repository.set_quota("ada", 1000 + UPLOAD_BYTES)

    def broken() -> Iterator[bytes]:
        yield b"x" * 900
        raise ConnectionResetError

    for _ in range(3):
        with pytest.raises(ConnectionResetError):
            domain.repository.put_chunk("ada", "e" * 64, broken())
    store(domain, b"a" * 1000)


def upload_in_processes(storage: str, processes: int, chunks: int) -> None:
    """Upload different chunks of 1000 bytes from several processes at once, each with two threads."""
    command = [sys.executable, "-c", UPLOAD, storage, str(chunks)]
    running = [
        subprocess.Popen([*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for number in range(processes)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.close()  # all of them begin
    for process in running:
        assert process.wait(60) == 0
        assert process.stdout is not None
        process.stdout.close()


UPLOAD = """
import sys
from concurrent.futures import ThreadPoolExecutor
from bokeh_common.errors import Forbidden
from bokeh_common.storage import open_blobs, open_records
from bokeh_common.hashing import hash_bytes
from bokeh_common.storage import open_records
from bokeh_data.storage.repository import DataRepository

storage, chunks, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
repository = DataRepository(open_records(storage, "data"), open_blobs(storage, "data"))
repository.set_quota("ada", 10_000)
repository.ledger.read("ada")
print("ready", flush=True)
sys.stdin.read()

def upload(i):
    data = bytes([number, i]) * 500
    try:
        repository.put_chunk("ada", hash_bytes(data), [data])
    except Forbidden:
        pass

with ThreadPoolExecutor(2) as pool:
    list(pool.map(upload, range(chunks)))
"""


def test_processes_together_do_not_exceed_the_quota(storage: str, repository: DataRepository) -> None:
    upload_in_processes(storage, 4, 20)
    stored = sum(repository.uploads("ada", "", 100).values())
    assert stored <= 10_000
    assert stored + 9 * UPLOAD_BYTES > 8_000  # nearly all of it is used


def test_concurrent_uploads_do_not_exceed_the_quota(domain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "MAX_REJECTING_COUNT_SECONDS", 0)
    monkeypatch.setattr(quotas, "RECOUNT_RATIO", 0)
    limit = 5 * (1000 + UPLOAD_BYTES)
    domain.repository.set_quota("ada", limit)

    def upload(number: int) -> None:
        with suppress(Forbidden):
            store(domain, bytes([number]) * 1000)

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert domain.repository.stored_bytes("ada") <= limit
    for number in range(10, 20):  # concurrent uploads may have rejected each other
        upload(number)
    assert domain.repository.stored_bytes("ada") == limit


def test_a_count_during_uploads_misses_nothing(repository: DataRepository) -> None:
    ledger = repository.ledger
    first, _ = ledger.reserve("ada", "data", 10, 100)
    before = ledger.read("ada")["data"]
    second, _ = ledger.reserve("ada", "data", 20, 100)
    ledger.settle("ada", "data", second, 20)  # after the listing was made, which contains neither
    ledger.recount("ada", "data", 5, before)
    assert ledger.read("ada")["data"].bytes == 35
    ledger.settle("ada", "data", first, 0)
    assert ledger.read("ada")["data"].bytes == 25
    with pytest.raises(Forbidden):
        ledger.reserve("ada", "plots", 76, 100)
    ledger.recount("ada", "data", 25, ledger.read("ada")["data"])
    ledger.reserve("ada", "plots", 75, 100)


def test_reservations_of_killed_processes_expire(
    repository: DataRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = repository.ledger
    ledger.reserve("ada", "data", 10, 100)
    ledger.recount("ada", "data", 5, ledger.read("ada")["data"])
    assert ledger.read("ada")["data"].bytes == 15
    monkeypatch.setattr(usage_ledger, "MAX_OPEN_SECONDS", -1)
    ledger.recount("ada", "data", 5, ledger.read("ada")["data"])
    part = ledger.read("ada")["data"]
    assert (part.bytes, part.open) == (5, {})


Step = tuple[str, int, int]


@given(st.lists(st.tuples(st.sampled_from(["put", "fail", "delete"]), st.integers(0, 5), st.integers(1, 40))))
@settings(max_examples=20)
def test_usage_is_correct_after_any_steps(steps: list[Step]) -> None:
    stored: dict[str, int] = {}
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        ledger = UsageLedger(open_records(f"local://{folder}", "data"))
        account = Quotas(ledger, lambda _user: sum(stored.values()))
        account.set_limit("ada", 100)
        patch.setattr(quotas, "MAX_REJECTING_COUNT_SECONDS", -1)
        patch.setattr(quotas, "RECOUNT_RATIO", 0)
        for kind, number, size in steps:
            do_step(account, stored, kind, str(number), size)
            assert sum(stored.values()) <= 100
            parts = ledger.read("ada").values()
            assert sum(part.bytes for part in parts) >= (sum(stored.values()) if parts else 0)
            assert not any(part.open for part in parts)


def do_step(account: Quotas, stored: dict[str, int], kind: str, name: str, size: int) -> None:
    if kind == "delete":
        stored.pop(name, None)
        return
    if name in stored:
        return
    try:
        with account.reserve("ada") as grow:
            store_in_parts(grow, size, kind)
            stored[name] = size
    except Forbidden:
        assert sum(stored.values()) + size > 100
    except ConnectionResetError:
        pass


def store_in_parts(grow: Callable[[int], None], size: int, kind: str) -> None:
    for part in range(1, size + 1, 7):
        grow(part)
    if kind == "fail":
        raise ConnectionResetError
    grow(size)
