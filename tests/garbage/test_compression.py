"""Chunks change their form while they are published, collected, checked, copied and read, on each backend."""

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
from bokeh_common.storage.copying import copy
from bokeh_data.archive import Archive
from bokeh_data.compressor import Compressor, Progress
from bokeh_data.handover import Handover
from bokeh_data.holdings import Holdings as Usage
from bokeh_data.records import Records
from bokeh_data.sources import Sources
from bokeh_gc import app as gc_app
from bokeh_gc.fsck import Check
from bokeh_gc.peers import Holdings
from bokeh_gc.runs import Folder
from bokeh_gc.settings import Settings
from bokeh_gc.worker import Worker
from tests.garbage.driver import USER, Cloud, Refused
from tests.garbage.reachable import contents, reachable
from tests.garbage.test_races import DATAS as TINY
from tests.garbage.test_races import Meanwhile, orders, steps

DATAS = tuple(data * 2000 for data in TINY)
TIMES = np.arange("2024-01-01", 700_000, dtype="M8[s]").astype("M8[ms]")
FOREVER = 1e12  # POSIX seconds
NEVER = 1 << 20  # operations, which nobody gets to


def worker(cloud: Cloud, after: float = 1e-9) -> Worker:
    """Return who collects and compresses; `after` in hours."""
    peers = {name: cloud.peer(name) for name in ("auth", "plots", "data")}
    settings = Settings(cloud.url, grace_hours=0, every_hours=0, rest=0, compress_after_hours=after)
    return gc_app.create_worker(gc_app.Dependencies(settings, cloud.records("gc"), **peers))


def stored(cloud: Cloud, kind: str) -> set[str]:
    """Return the chunks of which there is a blob of a kind."""
    found = cloud.blobs("data").list(f"{kind}/", limit=10_000)
    return {stat.key.rpartition("/")[2] for stat in found}


def wrong(cloud: Cloud, repair: bool = False) -> list[str]:
    """Return what fsck finds."""
    services = {name: cloud.peer(name) for name in ("plots", "data")}
    return [finding.name for finding in Check(Holdings(services), repair).run()]


@pytest.fixture
def cloud(storage_url: str) -> Cloud:
    return Cloud(storage_url)


def published(cloud: Cloud) -> tuple[str, Any, list[bytes]]:
    """Publish a column of times, of two chunks; return the plot, the source, the chunks."""
    data = TIMES.tobytes()
    chunks = [data[: 4 << 20], data[4 << 20 :]]
    listed = [{"hash": cloud.upload(chunk), "size": len(chunk)} for chunk in chunks]
    column = {"dtype": "datetime64[ms]", "shape": [len(TIMES)], "chunks": listed}
    source = cloud.ask("POST", f"/{USER}/data", json={"name": "s", "columns": {"t": column}}).json
    return cloud.store("kept", source)["id"], source, chunks


def usage(cloud: Cloud) -> dict[str, int]:
    """Return what an account has, as its bound is held against it."""
    return Usage(Records(cloud.records("data"), cloud.blobs("data"))).usage(USER)


def test_nobody_sees_which_form_there_is(cloud: Cloud) -> None:
    plot, source, chunks = published(cloud)
    names = {blake3(chunk).hexdigest() for chunk in chunks}
    before, used = cloud.stored_bytes(), usage(cloud)
    assert worker(cloud).look()
    assert (stored(cloud, "chunks"), stored(cloud, "compressed")) == (set(), names)
    assert cloud.stored_bytes() < before / 4
    assert usage(cloud) == used
    for chunk in chunks:
        path = f"/{USER}/data/chunks/{blake3(chunk).hexdigest()}"
        assert cloud.ask("GET", path).content == chunk
    asked = {"chunks": sorted(names)}
    assert cloud.ask("POST", f"/{USER}/data/chunks/missing", json=asked).json == {"missing": []}
    column = f"/{USER}/data/columns/{source['columns']['t']['hash']}"
    assert cloud.ask("GET", column, query_string="form=stored").content == TIMES.tobytes()
    query = "columns=t&rows=524287:524289"  # of either chunk
    rows = cloud.ask("GET", f"/{USER}/data/{source['id']}.json", query_string=query).json["columns"]["t"]
    assert [time.rstrip("0Z.") for time in rows] == [str(t)[:-4] for t in TIMES[524_287:524_289]]
    records = Records(cloud.records("data"), cloud.blobs("data"))
    archive = b"".join(Archive(records).blocks(USER))
    assert all(chunk in archive for chunk in chunks)
    given = Handover(records, Sources(records)).take(USER, "bob", "s", {"t": source["columns"]["t"]["hash"]})
    assert records.uploads("bob", "", 10) == records.uploads(USER, "", 10)
    records.delete_source("bob", given.id)
    assert wrong(cloud) == []
    cloud.collect()
    assert contents(cloud) == reachable(cloud)
    cloud.ask("DELETE", f"/{USER}/plots/{plot}")
    before, done = cloud.stored_bytes(), cloud.collect()
    assert done["freed"]["compressed chunk"] == 2
    assert before - cloud.stored_bytes() == done["bytes"] > 0
    assert contents(cloud) == reachable(cloud)


def test_what_windows_read_stays_as_it_is(cloud: Cloud) -> None:
    _, source, _ = published(cloud)
    assert worker(cloud).look()
    time.sleep(cloud.blobs("data").traits.touch_seconds)  # what comes now was touched later
    query = "y=t&pixels=10"
    window = cloud.ask("GET", f"/{USER}/data/{source['id']}.arrow", query_string=query).content
    for _ in range(200):
        if len(cloud.blobs("data").list("pyramids/")) == 2:
            break
        time.sleep(0.05)
    assert len(stored(cloud, "chunks")) == len(stored(cloud, "compressed")) == 2
    assert worker(cloud).look()
    assert (len(stored(cloud, "chunks")), stored(cloud, "compressed")) == (2, set())
    assert cloud.ask("GET", f"/{USER}/data/{source['id']}.arrow", query_string=query).content == window
    assert wrong(cloud) == []


def test_what_an_account_sends_again_is_stored_once(cloud: Cloud) -> None:
    _, _, chunks = published(cloud)
    assert worker(cloud).look()
    time.sleep(cloud.blobs("data").traits.touch_seconds)
    name = blake3(chunks[0]).hexdigest()
    cloud.records("data").delete(f"uploads/{USER}/{name}")  # as for an account that has not sent it
    cloud.upload(chunks[0])
    assert worker(cloud).look()
    assert (stored(cloud, "chunks"), len(stored(cloud, "compressed"))) == (set(), 2)


def test_it_can_be_turned_off(cloud: Cloud) -> None:
    published(cloud)
    assert worker(cloud, after=0.0).look()
    assert not stored(cloud, "compressed")


def test_damage_is_found_and_moved_away(cloud: Cloud) -> None:
    _, source, chunks = published(cloud)
    assert worker(cloud).look()
    [key] = [s.key for s in cloud.blobs("data").list("compressed/") if blake3(chunks[0]).hexdigest() in s.key]
    cloud.blobs("data").put(key, [b"bkz1 and nothing more"])
    found = wrong(cloud, repair=True)
    assert f"data:{key}" in found
    assert f"data:columns/{USER}/{source['columns']['t']['hash']}" in found  # it refers to nothing now
    for chunk in chunks:
        cloud.upload(chunk)
    listed = [{"hash": blake3(chunk).hexdigest(), "size": len(chunk)} for chunk in chunks]
    column = {"dtype": "datetime64[ms]", "shape": [len(TIMES)], "chunks": listed}
    again = cloud.ask("POST", f"/{USER}/data", json={"name": "s", "columns": {"t": column}}).json
    assert again["id"] == source["id"]
    assert [name for name in wrong(cloud) if name.startswith("data:")] == []


def test_a_chunk_is_missed_although_its_pyramid_is_there(cloud: Cloud) -> None:
    _, source, chunks = published(cloud)
    name = blake3(chunks[0]).hexdigest()
    cloud.blobs("data").put(f"pyramids/{name}-datetime64[ms]", [b"something"])
    cloud.blobs("data").delete(f"chunks/{name}")
    assert f"data:columns/{USER}/{source['columns']['t']['hash']}" in wrong(cloud)


def test_a_copy_of_a_storage_has_what_is_compressed(cloud: Cloud, tmp_path: Path) -> None:
    plot = cloud.publish("kept", DATAS)["id"]
    assert worker(cloud).look()
    assert len(stored(cloud, "compressed")) == 2
    target = Cloud(f"local://{tmp_path}", cloud.part)
    copy(cloud.url, target.url, lambda _: None)
    assert target.shown(plot) == ("", DATAS)
    assert wrong(target) == []


class Halves(Compressor):
    """Writes the other forms at one moment, and deletes the first ones at another."""

    def begin(self) -> None:
        self.made: list[tuple[BlobStat, int]] = []
        self.go_on("", 0, FOREVER)

    def _replace(self, made: list[tuple[BlobStat, int]], progress: Progress) -> Progress:
        self.made = made
        return progress

    def end(self) -> None:
        super()._replace(self.made, Progress(None))


def race(url: str, when: tuple[int, ...], begin: int, end: int, compressed: bool) -> None:
    """Publish what is orphaned while it is collected and compressed, at given operations."""
    cloud, meanwhile = Cloud(url), Meanwhile()
    made = cloud.publish("old", DATAS)
    if compressed:
        Compressor(cloud.blobs("data")).go_on("", 0, FOREVER)
    cloud.ask("DELETE", f"/{USER}/plots/{made['id']}")
    time.sleep(0.002)
    halves = Halves(cloud.blobs("data"))
    with Folder() as folder:
        cloud.start(meanwhile)
        collecting = steps(cloud.sweep(folder, time.time() + 1), when)
        compressing = [(begin, halves.begin), (end, halves.end)]
        meanwhile.steps = sorted([*collecting, *compressing], key=lambda step: step[0])
        plot = cloud.publish("new", DATAS)["id"]
        meanwhile.finish()
    assert cloud.shown(plot) == ("", DATAS), (when, begin, end, compressed)
    cloud.collect()
    assert cloud.shown(plot) == ("", DATAS), (when, begin, end, compressed)
    assert contents(cloud) == reachable(cloud), (when, begin, end, compressed)


def races(url: str, sample: int) -> Iterator[tuple[str, tuple[int, ...], int, int, bool]]:
    """Yield ways to do the steps, a sample of all; half of them collect what was marked before."""
    cloud, count = Cloud(url), Meanwhile()
    cloud.start(count)
    cloud.publish("new", DATAS)
    random, last = Random(2), count.count + 1
    for number, when in enumerate(random.sample(list(orders(count.count)), sample)):
        if number % 2:
            marked, swept = sorted(random.choices(range(1, last), k=2))
            yield url, (marked, marked, marked, swept), 0, NEVER, False
        else:
            begin = random.choice([0, random.randrange(last)])
            yield url, when, begin, random.choice([NEVER, random.randint(begin, last)]), random.random() < 0.5


def test_publishing_while_collecting_and_compressing(storage_url: str) -> None:
    for way in races(storage_url, 30 if storage_url.startswith("local") else 4):
        race(*way)


def test_without_a_piece_of_the_proof_something_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hasty(self: Halves) -> None:
        for stat, _ in self.made:
            self._blobs.delete(stat.key)

    def loses(*way: Any) -> bool:
        try:
            race(*way)
        except (AssertionError, NotFound, Refused):
            return True
        return False

    monkeypatch.setattr(Halves, "end", hasty)
    assert any(loses(*way) for way in races(f"local://{tmp_path}", 40))
