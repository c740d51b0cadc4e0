"""Each kind of orphan is found and deleted, and nothing that is in use: a test for each row of the table."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bokeh_common.storage import ABSENT
from bokeh_common.storage.staged import StagedRecords
from tests.garbage.driver import Cloud
from tests.garbage.reachable import contents, reachable

HASH = "9f" * 32
PLOT = "a" * 16


@pytest.fixture
def cloud(storage: str) -> Cloud:
    made = Cloud(storage)
    made.publish("kept", (b"kept",), "kept")
    return made


def deleted_plot(cloud: Cloud) -> None:
    plot = cloud.publish("gone", (b"gone",), "gone")
    cloud.ask("DELETE", f"/local/plots/{plot['id']}")


def record(service: str, key: str, value: Any) -> Callable[[Cloud], None]:
    def plant(cloud: Cloud) -> None:
        cloud.records(service).put(key, value)

    return plant


def blob(service: str, key: str) -> Callable[[Cloud], None]:
    def plant(cloud: Cloud) -> None:
        cloud.blobs(service).put(key, [b"garbage"])

    return plant


def old_version_of_a_source(cloud: Cloud) -> None:
    cloud.records("data").put(f"versions/local/{'a' * 26}/{1:012}", {"id": "a" * 26, "columns": {}})


def half_an_upload(cloud: Cloud) -> None:
    cloud.upload(b"nobody commits this")


def half_a_publication(cloud: Cloud) -> None:
    """Leave behind what a publisher does that is killed after the first of its two writes."""
    cloud.upload(b"half")
    source = cloud.commit((b"half",))
    name = f"data:sources/local/{source['id']}"

    class Killed(BaseException):
        pass

    def hold() -> None:
        raise Killed

    staged = StagedRecords(cloud.records("plots"), lambda: time.time() - 9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staged, "_withdraw", lambda *_: None)
        with pytest.raises(Killed):
            staged.put_referring("plots/local/half", {}, ABSENT, [name], hold)


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
    "upload": half_an_upload,
    "chunk": blob("data", f"chunks/{HASH}"),
    "compressed chunk": blob("data", f"compressed/{HASH}"),
    "pyramid": blob("data", f"pyramids/{HASH}-float64"),
    "index": blob("data", f"indexes/{HASH}"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_orphan_of_each_kind(cloud: Cloud, kind: str) -> None:
    assert cloud.collect()["freed"].get(kind, 0) == 0
    KINDS[kind](cloud)
    before = cloud.stored_bytes()
    told, done = cloud.collect(dry_run=True), cloud.collect()
    assert told["freed"] == done["freed"]
    assert done["freed"][kind] == 1
    assert before - cloud.stored_bytes() == done["bytes"]
    assert contents(cloud) == reachable(cloud)


def test_a_publication_that_was_cut_short(cloud: Cloud) -> None:
    half_a_publication(cloud)
    freed = cloud.collect()["freed"]
    assert freed.items() >= {"data source": 1, "column": 1, "chunk": 1, "upload": 1}.items()
    assert "half" not in cloud.plots()
    assert contents(cloud) == reachable(cloud)


def test_a_manifest_with_half_a_character_stops_nobody(cloud: Cloud) -> None:
    blobs = cloud.blobs("plots")
    [key] = [blob.key for blob in blobs.list("manifests/")]
    manifest = json.loads(b"".join(blobs.get(key)))
    manifest["sources"][0]["model"] = "\ud800"
    blobs.put(key, [json.dumps(manifest).encode()])
    deleted_plot(cloud)
    assert cloud.collect()["freed"]["chunk"] == 1
    assert contents(cloud) == reachable(cloud)


def test_a_live_source_is_kept(cloud: Cloud) -> None:
    body = {"name": "mine", "live": True, "columns": {"x": [1.0, 2.0]}}
    made = cloud.ask("POST", "/local/data", json=body).json
    cloud.ask("POST", f"/local/data/{made['id']}/rows", json={"rows": {"x": [3.0]}})
    cloud.collect()
    assert contents(cloud) == reachable(cloud)
    assert cloud.ask("GET", f"/local/data/{made['id']}").json["columns"]["x"]["length"] == 3


def test_what_belongs_to_chunks_and_columns_stays_with_them(cloud: Cloud) -> None:
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
    cloud.ask("DELETE", f"/local/plots/{kept['id']}")
    freed = cloud.ask("POST", "/local/gc/run", json={}).json["freed"]
    assert freed.items() >= {"column": 2, "chunk": 2, "pyramid": 3, "index": 2}.items()


def test_what_is_young_is_left_alone(storage: str) -> None:
    cloud = Cloud(storage, grace=60)
    deleted_plot(cloud)
    assert cloud.collect()["bytes"] == 0
    assert cloud.ask("GET", "/local/gc/orphans").json == {"orphans": []}


OLD = (datetime.now(UTC) - timedelta(days=9)).isoformat(timespec="seconds").replace("+00:00", "Z")
NEVER = {"user_id": "local", "id": "k", "digest": "d", "expires": None, "only": None}


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("token", "keys/local/k", {**NEVER, "expires": OLD}),
        ("session", "sessions/local/k", {**NEVER, "expires": OLD}),
        ("share", "shares/local/k", {**NEVER, "expires": OLD, "only": PLOT}),
        ("share", "shares/local/k", {**NEVER, "only": PLOT}),  # its plot is gone
        ("one-time link", "links/k", {"expires": OLD}),
        ("digest", "digests/k", {"user_id": "local", "id": "k", "at": OLD}),
    ],
)
def test_what_expires(cloud: Cloud, kind: str, key: str, value: Any) -> None:
    auth = cloud.records("auth")
    auth.put(key, value)
    assert cloud.collect(dry_run=True)["freed"][kind] == 1
    assert auth.get(key).value == value
    assert cloud.collect()["freed"][kind] == 1
    assert not auth.list(key)


def test_orphans_are_listed_by_page(cloud: Cloud) -> None:
    deleted_plot(cloud)
    listed: list[Any] = []
    path = "/local/gc/orphans?limit=2"
    while path:
        answer = cloud.ask("GET", path.partition("?")[0], query_string=path.partition("?")[2])
        listed += answer.json["orphans"]
        path = answer.headers.get("link", "").partition("<")[2].partition(">")[0]
    assert [orphan["id"] for orphan in listed] == sorted({orphan["id"] for orphan in listed})
    dry = cloud.ask("POST", "/local/gc/run", json={"dry_run": True}).json
    assert sum(orphan["bytes"] for orphan in listed) == dry["bytes"] > 0
    assert len(listed) == sum(dry["freed"].values())
    assert all(orphan["why"] and orphan["age"] > 0 for orphan in listed)


def test_another_accounts_chunk_is_kept(cloud: Cloud) -> None:
    chunk = cloud.upload(b"shared")
    cloud.commit((b"shared",))
    blobs, records = cloud.blobs("data"), cloud.records("data")
    records.put(f"uploads/other/{chunk}", {"size": 6})
    [column] = [
        stat.key for stat in blobs.list("columns/local/") if chunk.encode() in b"".join(blobs.get(stat.key))
    ]
    blobs.put(column.replace("/local/", "/other/"), blobs.get(column))
    records.put("sources/other/s", {"id": "s", "live": True, "columns": {"x": {"hash": column[-64:]}}})
    freed = cloud.ask("POST", "/local/gc/run", json={}).json["freed"]
    assert freed == {"data source": 1, "column": 1, "upload": 1}
    assert cloud.blobs("data").stat(f"chunks/{chunk}").size == 6
