"""Chunks are compressed and restored while they are published, collected, checked, copied and read."""

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from blake3 import blake3

from bokeh_common.errors import NotFound
from bokeh_common.storage import BlobStat
from bokeh_common.storage.copy import copy
from bokeh_data.accounts.columns import AccountColumns
from bokeh_data.accounts.export import DataExporter
from bokeh_data.accounts.usage import DataUsage
from bokeh_data.sources.frozen import FrozenSources
from bokeh_data.sources.transfer import ColumnTransfer
from bokeh_data.storage.compressor import CompressionProgress, Compressor
from bokeh_data.storage.repository import DataRepository
from bokeh_gc.collection.external_sort import SortedStreams
from bokeh_gc.fsck import StorageCheck
from bokeh_gc.schedule.worker import CollectorWorker
from tests.garbage.driver import USER, RequestRejected, SteppedCloud
from tests.garbage.reachable import contents, reachable
from tests.garbage.test_races import CHUNKS as SHORT_CHUNKS
from tests.garbage.test_races import Interleaving, collector_steps, schedules

CHUNKS = tuple(data * 2000 for data in SHORT_CHUNKS)
TIMES = np.arange("2024-01-01", 700_000, dtype="M8[s]").astype("M8[ms]")
FAR_FUTURE = 1e12  # POSIX seconds
NEVER = 1 << 20  # operations, more than any publication takes


def worker(cloud: SteppedCloud, after: float = 1e-9) -> CollectorWorker:
    """Return a worker that collects and compresses; `after` is the age of compressed chunks in hours."""
    return cloud.gc_domain(every_hours=0, compress_after_hours=after).worker


def stored_chunks(cloud: SteppedCloud, kind: str) -> set[str]:
    """Return the hashes of the chunks that are stored as `chunks` or as `compressed`."""
    found = cloud.blobs("data").list(f"{kind}/", limit=10_000)
    return {stat.key.rpartition("/")[2] for stat in found}


def check_storage(cloud: SteppedCloud, repair: bool = False) -> list[str]:
    """Return the names of the objects that fsck complains about."""
    return [finding.name for finding in StorageCheck(cloud.keyspace_client(), repair).run()]


@pytest.fixture
def cloud(storage_url: str) -> SteppedCloud:
    return SteppedCloud(storage_url)


def commit_times(cloud: SteppedCloud, chunks: list[bytes]) -> Any:
    """Upload the two chunks of a column of times, and return a data source with this column."""
    listed = [{"hash": cloud.upload(chunk), "size": len(chunk)} for chunk in chunks]
    column = {"dtype": "datetime64[ms]", "shape": [len(TIMES)], "chunks": listed}
    return cloud.request("POST", f"/{USER}/data", json={"name": "s", "columns": {"t": column}}).json


def publish_times(cloud: SteppedCloud) -> tuple[str, Any, list[bytes]]:
    """Publish a plot of a column of times; return its id, the data source and its two chunks."""
    data = TIMES.tobytes()
    chunks = [data[: 4 << 20], data[4 << 20 :]]
    source = commit_times(cloud, chunks)
    return cloud.store("kept", source)["id"], source, chunks


def usage(cloud: SteppedCloud) -> dict[str, int]:
    """Return the account usage that counts against the quota."""
    return DataUsage(DataRepository(cloud.records("data"), cloud.blobs("data"))).count(USER)


def test_compression_does_not_change_what_readers_get(cloud: SteppedCloud) -> None:
    plot, source, chunks = publish_times(cloud)
    names = {blake3(chunk).hexdigest() for chunk in chunks}
    before, used = cloud.stored_bytes(), usage(cloud)
    assert worker(cloud).run_if_due()
    assert (stored_chunks(cloud, "chunks"), stored_chunks(cloud, "compressed")) == (set(), names)
    assert cloud.stored_bytes() < before / 4
    assert usage(cloud) == used
    for chunk in chunks:
        path = f"/{USER}/data/chunks/{blake3(chunk).hexdigest()}"
        assert cloud.request("GET", path).content == chunk
    body = {"chunks": sorted(names)}
    assert cloud.request("POST", f"/{USER}/data/chunks/missing", json=body).json == {"missing": []}
    column = f"/{USER}/data/columns/{source['columns']['t']['hash']}"
    assert cloud.request("GET", column, query_string="form=stored").content == TIMES.tobytes()
    query = "columns=t&rows=524287:524289"  # the last row of one chunk and the first of the next
    rows = cloud.request("GET", f"/{USER}/data/{source['id']}.json", query_string=query).json["columns"]["t"]
    assert [time.rstrip("0Z.") for time in rows] == [str(t)[:-4] for t in TIMES[524_287:524_289]]
    repository = DataRepository(cloud.records("data"), cloud.blobs("data"))
    archive = b"".join(DataExporter(repository).blocks(USER))
    assert all(chunk in archive for chunk in chunks)
    given = ColumnTransfer(repository, FrozenSources(repository, AccountColumns(repository))).transfer(
        USER, "bob", "s", {"t": source["columns"]["t"]["hash"]}
    )
    assert repository.uploads("bob", "", 10) == repository.uploads(USER, "", 10)
    repository.delete_source("bob", given.id)
    assert check_storage(cloud) == []
    cloud.collect()
    assert contents(cloud) == reachable(cloud)
    cloud.delete_plot(plot)
    before, report = cloud.stored_bytes(), cloud.collect()
    assert report["freed"]["compressed chunk"] == 2
    assert before - cloud.stored_bytes() == report["bytes"] > 0
    assert contents(cloud) == reachable(cloud)


def test_chunks_that_windows_read_stay_raw(cloud: SteppedCloud) -> None:
    _, source, _ = publish_times(cloud)
    assert worker(cloud).run_if_due()
    time.sleep(cloud.blobs("data").traits.touch_seconds)  # so that the window touches the chunks
    query = "y=t&pixels=10"
    window = cloud.request("GET", f"/{USER}/data/{source['id']}.arrow", query_string=query).content
    for _ in range(200):
        if len(cloud.blobs("data").list("pyramids/")) == 2:
            break
        time.sleep(0.05)
    assert len(stored_chunks(cloud, "chunks")) == len(stored_chunks(cloud, "compressed")) == 2
    assert worker(cloud).run_if_due()
    assert (len(stored_chunks(cloud, "chunks")), stored_chunks(cloud, "compressed")) == (2, set())
    assert cloud.request("GET", f"/{USER}/data/{source['id']}.arrow", query_string=query).content == window
    assert check_storage(cloud) == []


def test_a_chunk_that_is_uploaded_again_is_stored_once(cloud: SteppedCloud) -> None:
    _, _, chunks = publish_times(cloud)
    assert worker(cloud).run_if_due()
    time.sleep(cloud.blobs("data").traits.touch_seconds)
    name = blake3(chunks[0]).hexdigest()
    cloud.records("data").delete(f"uploads/{USER}/{name}")  # as for an account that has not uploaded it
    cloud.upload(chunks[0])
    assert worker(cloud).run_if_due()
    assert (stored_chunks(cloud, "chunks"), len(stored_chunks(cloud, "compressed"))) == (set(), 2)


def test_compression_can_be_turned_off(cloud: SteppedCloud) -> None:
    publish_times(cloud)
    assert worker(cloud, after=0.0).run_if_due()
    assert not stored_chunks(cloud, "compressed")


def test_fsck_quarantines_a_damaged_compressed_chunk(cloud: SteppedCloud) -> None:
    _, source, chunks = publish_times(cloud)
    assert worker(cloud).run_if_due()
    [key] = [s.key for s in cloud.blobs("data").list("compressed/") if blake3(chunks[0]).hexdigest() in s.key]
    cloud.blobs("data").put(key, [b"bkz1 and nothing more"])
    found = check_storage(cloud, repair=True)
    assert f"data:{key}" in found
    assert f"data:columns/{USER}/{source['columns']['t']['hash']}" in found  # since its chunk is gone
    assert commit_times(cloud, chunks)["id"] == source["id"]
    assert [name for name in check_storage(cloud) if name.startswith("data:")] == []


def test_fsck_reports_a_missing_chunk_whose_pyramid_exists(cloud: SteppedCloud) -> None:
    _, source, chunks = publish_times(cloud)
    name = blake3(chunks[0]).hexdigest()
    cloud.blobs("data").put(f"pyramids/{name}-datetime64[ms]", [b"something"])
    cloud.blobs("data").delete(f"chunks/{name}")
    assert f"data:columns/{USER}/{source['columns']['t']['hash']}" in check_storage(cloud)


def test_a_copy_of_a_storage_has_the_compressed_chunks(cloud: SteppedCloud, tmp_path: Path) -> None:
    plot = cloud.publish("kept", CHUNKS)["id"]
    assert worker(cloud).run_if_due()
    assert len(stored_chunks(cloud, "compressed")) == 2
    target = SteppedCloud(f"local://{tmp_path}", cloud.suffix)
    copy(cloud.url, target.url, lambda _: None)
    assert target.read_plot(plot) == ("", CHUNKS)
    assert check_storage(target) == []


class SteppedCompressor(Compressor):
    """Writes the compressed chunks in one step, and deletes the raw ones in another."""

    def write(self) -> None:
        """Write the compressed chunks."""
        self.made: list[tuple[BlobStat, int]] = []
        self.run("", 0, FAR_FUTURE)

    def _delete_raw(
        self, made: list[tuple[BlobStat, int]], progress: CompressionProgress
    ) -> CompressionProgress:
        self.made = made
        return progress

    def delete_raw(self) -> None:
        """Delete the raw chunks that have been compressed."""
        super()._delete_raw(self.made, CompressionProgress(None))


def race(url: str, schedule: tuple[int, ...], written: int, deleted: int, compressed: bool) -> None:
    """Publish orphaned data again while it is collected and compressed.

    Args:
        schedule: before which operations of the publisher the collector does its steps.
        written: before which operation compressed chunks are written.
        deleted: before which operation raw chunks are deleted.
        compressed: whether the orphaned chunks are compressed at the start.
    """
    cloud, interleaving = SteppedCloud(url), Interleaving()
    old = cloud.publish("old", CHUNKS)
    if compressed:
        Compressor(cloud.blobs("data")).run("", 0, FAR_FUTURE)
    cloud.delete_plot(old["id"])
    time.sleep(0.002)
    compressor = SteppedCompressor(cloud.blobs("data"))
    with SortedStreams() as streams:
        cloud.start(interleaving)
        collecting = collector_steps(cloud.mark_and_sweep(streams, time.time() + 1), schedule)
        compressing = [(written, compressor.write), (deleted, compressor.delete_raw)]
        interleaving.steps = sorted([*collecting, *compressing], key=lambda step: step[0])
        plot = cloud.publish("new", CHUNKS)["id"]
        interleaving.finish()
    assert cloud.read_plot(plot) == ("", CHUNKS), (schedule, written, deleted, compressed)
    cloud.collect()
    assert cloud.read_plot(plot) == ("", CHUNKS), (schedule, written, deleted, compressed)
    assert contents(cloud) == reachable(cloud), (schedule, written, deleted, compressed)


def races(url: str, sample: int) -> Iterator[tuple[str, tuple[int, ...], int, int, bool]]:
    """Yield a sample of all arguments of `race`; in half of them the collector has marked early."""
    cloud, counter = SteppedCloud(url), Interleaving()
    cloud.start(counter)
    cloud.publish("new", CHUNKS)
    random, last = Random(2), counter.count + 1
    for number, schedule in enumerate(random.sample(list(schedules(counter.count)), sample)):
        if number % 2:
            marked, swept = sorted(random.choices(range(1, last), k=2))
            yield url, (marked, marked, marked, swept), 0, NEVER, False
        else:
            written = random.choice([0, random.randrange(last)])
            deleted = random.choice([NEVER, random.randint(written, last)])
            yield url, schedule, written, deleted, random.random() < 0.5


def test_publishing_while_collecting_and_compressing_loses_nothing(storage_url: str) -> None:
    for arguments in races(storage_url, 30 if storage_url.startswith("local") else 4):
        race(*arguments)


def test_a_compressor_that_deletes_unconditionally_loses_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def delete_unconditionally(self: SteppedCompressor) -> None:
        for stat, _ in self.made:
            self._blobs.delete(stat.key)

    def loses_data(*arguments: Any) -> bool:
        try:
            race(*arguments)
        except (AssertionError, NotFound, RequestRejected):
            return True
        return False

    monkeypatch.setattr(SteppedCompressor, "delete_raw", delete_unconditionally)
    assert any(loses_data(*arguments) for arguments in races(f"local://{tmp_path}", 40))
