"""Each kind of orphan is found and deleted, and nothing that is referred to."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from falcon import testing

from bokeh_common.storage import ABSENT
from bokeh_common.storage.two_phase_records import TwoPhaseRecordStore
from bokeh_plots.plots.editing import PlotChange, PlotEditor
from bokeh_plots.plots.plots import Plots
from bokeh_plots.storage.repository import PlotRepository
from tests.garbage.driver import SteppedCloud
from tests.garbage.reachable import contents, reachable
from tests.support.paging import follow_pages

HASH = "9f" * 32
PLOT = "a" * 16


@pytest.fixture
def cloud(storage: str) -> SteppedCloud:
    cloud = SteppedCloud(storage)
    cloud.publish("kept", (b"kept",), "kept")
    return cloud


def deleted_plot(cloud: SteppedCloud) -> None:
    plot = cloud.publish("gone", (b"gone",), "gone")
    cloud.delete_plot(plot["id"])


def record(service: str, key: str, value: Any) -> Callable[[SteppedCloud], None]:
    def put(cloud: SteppedCloud) -> None:
        cloud.records(service).put(key, value)

    return put


def blob(service: str, key: str) -> Callable[[SteppedCloud], None]:
    def put(cloud: SteppedCloud) -> None:
        cloud.blobs(service).put(key, [b"garbage"])

    return put


def old_version_of_a_source(cloud: SteppedCloud) -> None:
    cloud.records("data").put(f"versions/local/{'a' * 26}/{1:012}", {"id": "a" * 26, "columns": {}})


def uploaded_chunk(cloud: SteppedCloud) -> None:
    cloud.upload(b"no data source has this")


def interrupt_publication(cloud: SteppedCloud) -> None:
    """Publish until between the two writes of the two-phase write, and stop there."""
    cloud.upload(b"half")
    source = cloud.commit((b"half",))
    store = TwoPhaseRecordStore(cloud.records("plots"), lambda: time.time() - 9)
    store.announce("plots/local/half", ABSENT, [f"data:sources/local/{source['id']}"])


KINDS = {
    "plot id": record("plots", f"ids/{PLOT}", {"user_id": "local", "name": "gone"}),
    "visits": record("plots", f"visits/local/{PLOT}", {"views": 3}),
    "thumbnail": blob("plots", f"thumbnails/local/{PLOT}/{HASH}"),
    "manifest": deleted_plot,
    "scene": blob("plots", f"scenes/local/{HASH}"),
    "extension": deleted_plot,
    "data source": deleted_plot,
    "source version": old_version_of_a_source,
    "column": deleted_plot,
    "upload": uploaded_chunk,
    "chunk": blob("data", f"chunks/{HASH}"),
    "compressed chunk": blob("data", f"compressed/{HASH}"),
    "pyramid": blob("data", f"pyramids/{HASH}-float64"),
    "index": blob("data", f"indexes/{HASH}"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_orphan_of_each_kind_is_collected(cloud: SteppedCloud, kind: str) -> None:
    assert cloud.collect()["freed"].get(kind, 0) == 0
    KINDS[kind](cloud)
    before = cloud.stored_bytes()
    dry, report = cloud.collect(dry_run=True), cloud.collect()
    assert dry["freed"] == report["freed"]
    assert report["freed"][kind] == 1
    assert before - cloud.stored_bytes() == report["bytes"]
    assert contents(cloud) == reachable(cloud)


def test_names_of_a_renamed_plot_are_kept(cloud: SteppedCloud) -> None:
    repository = PlotRepository(cloud.records("plots"), cloud.blobs("plots"))
    editor, [plot] = PlotEditor(repository, max_versions=5), Plots(repository).page("local", "", 10)
    for name in ("second", "third"):
        plot = editor.change(plot, PlotChange(name=name))
    claimed = {"user_id": "local", "name": plot.place, "at": 0}
    cloud.records("plots").put("ids/local/claimed by a writer that stopped", claimed)
    assert cloud.collect()["freed"] == {"plot id": 1}
    assert contents(cloud) == reachable(cloud)
    assert Plots(repository).find("local", "second") == plot


def test_an_interrupted_publication_is_collected(cloud: SteppedCloud) -> None:
    interrupt_publication(cloud)
    freed = cloud.collect()["freed"]
    assert freed.items() >= {"data source": 1, "column": 1, "chunk": 1, "upload": 1}.items()
    assert "half" not in cloud.plots()
    assert contents(cloud) == reachable(cloud)


def test_a_manifest_with_a_lone_surrogate_does_not_stop_the_collector(cloud: SteppedCloud) -> None:
    blobs = cloud.blobs("plots")
    [key] = [blob.key for blob in blobs.list("manifests/")]
    manifest = json.loads(b"".join(blobs.get(key)))
    manifest["sources"][0]["model"] = "\ud800"
    blobs.put(key, [json.dumps(manifest).encode()])
    deleted_plot(cloud)
    assert cloud.collect()["freed"]["chunk"] == 1
    assert contents(cloud) == reachable(cloud)


def test_a_live_source_is_kept(cloud: SteppedCloud) -> None:
    body = {"name": "mine", "live": True, "columns": {"x": [1.0, 2.0]}}
    source = cloud.request("POST", "/local/data", json=body).json
    cloud.request("POST", f"/local/data/{source['id']}/rows", json={"rows": {"x": [3.0]}})
    cloud.collect()
    assert contents(cloud) == reachable(cloud)
    assert cloud.request("GET", f"/local/data/{source['id']}").json["columns"]["x"]["length"] == 3


def test_pyramids_and_indexes_are_collected_with_their_chunks_and_columns(cloud: SteppedCloud) -> None:
    chunks = [cloud.upload(data) for data in (b"first", b"second")]
    source = cloud.commit((b"first", b"second"))
    kept = cloud.store("shown", source)
    names = [column["hash"] for column in source["columns"].values()]
    keys = [*(f"pyramids/{chunk}-float64" for chunk in chunks), f"pyramids/{min(chunks)}-int16"]
    keys += [f"indexes/{name}" for name in names]
    for key in keys:
        cloud.blobs("data").put(key, [b"small"])
    assert cloud.collect()["freed"] == {}
    assert {stat.key for stat in cloud.blobs("data").list()} >= set(keys)
    cloud.delete_plot(kept["id"])
    freed = cloud.request("POST", "/local/gc/run", json={}).json["freed"]
    assert freed.items() >= {"column": 2, "chunk": 2, "pyramid": 3, "index": 2}.items()


def test_orphans_within_the_grace_period_are_kept(storage: str) -> None:
    cloud = SteppedCloud(storage, grace=60)
    deleted_plot(cloud)
    assert cloud.collect()["bytes"] == 0
    assert cloud.request("GET", "/local/gc/orphans").json == {"orphans": []}


OLD = (datetime.now(UTC) - timedelta(days=9)).isoformat(timespec="seconds").replace("+00:00", "Z")
UNEXPIRED = {"user_id": "local", "id": "k", "digest": "d", "expires": None, "only": None}


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("token", "keys/local/k", {**UNEXPIRED, "expires": OLD}),
        ("session", "sessions/local/k", {**UNEXPIRED, "expires": OLD}),
        ("share", "shares/local/k", {**UNEXPIRED, "expires": OLD, "only": PLOT}),
        ("share", "shares/local/k", {**UNEXPIRED, "only": PLOT}),  # its plot is gone
        ("one-time link", "links/k", {"expires": OLD}),
        ("digest", "digests/k", {"user_id": "local", "id": "k", "at": OLD}),
    ],
)
def test_expired_credentials_are_purged(cloud: SteppedCloud, kind: str, key: str, value: Any) -> None:
    auth = cloud.records("auth")
    auth.put(key, value)
    assert cloud.collect(dry_run=True)["freed"][kind] == 1
    assert auth.get(key).value == value
    assert cloud.collect()["freed"][kind] == 1
    assert not auth.list(key)


def test_orphans_are_listed_by_page(cloud: SteppedCloud) -> None:
    deleted_plot(cloud)

    def get(path: str) -> testing.Result:
        path, _, query = path.partition("?")
        return cloud.request("GET", path, query_string=query)

    pages = follow_pages(get, "/local/gc/orphans?limit=2")
    listed = [orphan for page in pages for orphan in page.json["orphans"]]
    assert [orphan["id"] for orphan in listed] == sorted({orphan["id"] for orphan in listed})
    dry = cloud.request("POST", "/local/gc/run", json={"dry_run": True}).json
    assert sum(orphan["bytes"] for orphan in listed) == dry["bytes"] > 0
    assert len(listed) == sum(dry["freed"].values())
    assert all(orphan["why"] and orphan["age"] > 0 for orphan in listed)


def test_a_chunk_that_another_account_uses_is_kept(cloud: SteppedCloud) -> None:
    chunk = cloud.upload(b"shared")
    cloud.commit((b"shared",))
    blobs, records = cloud.blobs("data"), cloud.records("data")
    records.put(f"uploads/other/{chunk}", {"size": 6})
    [column] = [
        stat.key for stat in blobs.list("columns/local/") if chunk.encode() in b"".join(blobs.get(stat.key))
    ]
    blobs.put(column.replace("/local/", "/other/"), blobs.get(column))
    records.put("sources/other/s", {"id": "s", "live": True, "columns": {"x": {"hash": column[-64:]}}})
    freed = cloud.request("POST", "/local/gc/run", json={}).json["freed"]
    assert freed == {"data source": 1, "column": 1, "upload": 1}
    assert cloud.blobs("data").stat(f"chunks/{chunk}").size == 6
