"""Any publication is rejected or can be read: none causes a server error or leaves uncollectable objects.

`BOKEH_CLOUD_FUZZ_EXAMPLES` sets the number of examples of each test.
"""

import json
import os
from typing import Any

import pytest
from blake3 import blake3
from falcon import testing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bokeh_cloud.publishing.publication import prepare
from bokeh_gc.fsck import StorageCheck
from bokeh_plots.documents.canonical_form import without_unused_definitions
from tests.gallery import FIGURES, as_document
from tests.garbage.driver import USER, SteppedCloud
from tests.garbage.fuzzed import (
    ANY_JSON,
    CHANGES,
    VALUES,
    DocumentChange,
    apply_changes,
    packed_column,
    to_json,
)
from tests.garbage.reachable import contents, reachable
from tests.support.documents import text_document

EXAMPLES = int(os.environ.get("BOKEH_CLOUD_FUZZ_EXAMPLES") or 30)
MAX_DOCUMENT = 60_000  # characters; larger documents take long and find no more

FUZZ = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[
        HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture,
        HealthCheck.large_base_example,
    ],
)  # fmt: skip

Body = dict[str, Any]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> SteppedCloud:
    return SteppedCloud(f"local://{tmp_path_factory.mktemp('fuzzed')}", pages=True)


@pytest.fixture(scope="module")
def bodies() -> list[Body]:
    """Return the publish requests of the figures of the gallery, with columns in place of their ids."""
    publications = [prepare(as_document(FIGURES[name]()), name) for name in FIGURES]
    found = [
        {
            "name": "fuzzed",
            "document": publication.document.scene,
            "sources": [
                {"model": source.model, "columns": source.columns} for source in publication.document.sources
            ],
            "bundles": list(publication.scripts.bundles),
            "extensions": list(publication.scripts.extensions),
        }
        for publication in publications
    ]
    return [body for body in found if len(json.dumps(body["document"])) < MAX_DOCUMENT]


class FuzzedCloud:
    """A cloud that receives what no client sends."""

    def __init__(self, cloud: SteppedCloud) -> None:
        self.cloud = cloud
        self.delete_all()  # in case the previous example failed

    def send(self, service: str, method: str, path: str, **options: Any) -> testing.Result:
        """Send a request that may be rejected but must not cause a server error."""
        response = testing.TestClient(self.cloud.apps[service]).simulate_request(method, path, **options)
        assert response.status_code < 500, (method, path, response.text)
        if response.status_code >= 400 and service != "web":
            assert response.headers["Content-Type"] == "application/problem+json"
        return response

    def store(self, text: str) -> testing.Result:
        """Send a publish request with this body."""
        headers = {"Content-Type": "application/json"}
        return self.send("plots", "POST", f"/{USER}/store", body=text.encode(), headers=headers)

    def upload_sources(self, body: Body) -> Body:
        """Upload the columns of a publish request; return it with the ids of data sources in their place."""
        sources = []
        for source in body["sources"]:
            for column in source["columns"].values():
                for chunk in column.chunks:
                    self.cloud.upload(bytes(chunk.data))
            columns = {name: column.manifest() for name, column in source["columns"].items()}
            commit = {"name": "s", "columns": columns}
            committed = self.cloud.request("POST", f"/{USER}/data", json=commit).json
            sources.append({"model": source["model"], "id": committed["id"]})
        return {**body, "sources": sources}

    def scenes(self) -> dict[str, tuple[int, bytes]]:
        """Return the version and the scene of every plot, by name."""
        return {
            name: (plot["version"], self.send("plots", "GET", f"/{USER}/plots/{plot['id']}/scene").content)
            for name, plot in self.cloud.plots().items()
        }

    def read_all(self, plot: Any) -> None:
        """Request everything that a reader can request of a plot."""
        path = f"/{USER}/plots/{plot['id']}"
        graph = self.send("plots", "GET", path)
        assert graph.status_code == 200
        self.send("plots", "GET", f"{path}/data")
        ids = [item for item in graph.json["objects"] if "," not in item]
        for start in range(0, len(ids), 100):
            models = testing.TestClient(self.cloud.apps["plots"]).simulate_get(
                f"/{USER}/objects/{','.join(ids[start : start + 100])}"
            )
            assert models.status_code in {200, 404}, models.text
            json.loads(models.content, parse_constant=_fail)
        for page in ("show", "embed"):
            assert self.send("web", "GET", f"/plots/{plot['id']}/{page}", headers=HOST).status_code == 200

    def use(self, plot: Any) -> None:
        """Copy a plot, and roll it back to its first version."""
        copied = self.send("plots", "POST", f"/{USER}/clone", json={"plot": plot["id"], "name": "copied"})
        assert copied.status_code in {200, 201}, copied.text
        path = f"/{USER}/plots/{plot['id']}/rollback"
        assert self.send("plots", "POST", path, json={"version": 1}).status_code in {200, 404}

    def clear(self) -> None:
        """Check the storage with fsck, delete all plots, and check that the collector leaves nothing."""
        assert not list(StorageCheck(self.cloud.keyspace_client()).run())
        self.delete_all()
        self.cloud.collect()
        assert contents(self.cloud) == reachable(self.cloud) == set()

    def delete_all(self) -> None:
        """Delete all plots, and the data that nothing else refers to."""
        for plot in self.cloud.plots().values():
            body = {"plot": plot["id"], "data": "unused"}
            assert self.send("plots", "POST", f"/{USER}/delete", json=body).status_code == 200


HOST = {"Host": "localhost:5006"}


def _fail(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def _publish(fuzzed: FuzzedCloud, text: str) -> None:
    before = fuzzed.scenes()
    response = fuzzed.store(text)
    if response.status_code >= 400:
        assert fuzzed.scenes() == before
        return
    plot = response.json
    scene = json.loads(fuzzed.scenes()[plot["name"]][1], parse_constant=_fail)
    # A publication that differs in nothing else makes no version.
    assert without_unused_definitions(scene) == without_unused_definitions(json.loads(text)["document"])
    assert fuzzed.store(text).json["unchanged"]
    fuzzed.read_all(plot)
    fuzzed.use(plot)


@FUZZ
@given(body=ANY_JSON | st.fixed_dictionaries({"name": st.just("any"), "document": VALUES}))
def test_any_json_is_rejected_or_published(cloud: SteppedCloud, body: Any) -> None:
    fuzzed = FuzzedCloud(cloud)
    _publish(fuzzed, to_json(body))
    fuzzed.clear()


@FUZZ
@given(number=st.integers(0, 1000), changes=CHANGES)
def test_changed_figures_are_rejected_or_published(
    cloud: SteppedCloud, bodies: list[Body], number: int, changes: list[DocumentChange]
) -> None:
    fuzzed = FuzzedCloud(cloud)
    body = fuzzed.upload_sources(bodies[number % len(bodies)])
    assert fuzzed.store(to_json(body)).status_code == 201
    _publish(fuzzed, to_json(apply_changes(body, changes)))
    fuzzed.clear()


@FUZZ
@given(packed=st.binary(max_size=100) | st.tuples(ANY_JSON, st.binary(max_size=50)).map(packed_column))
def test_any_packed_column_is_rejected_or_published(cloud: SteppedCloud, packed: bytes) -> None:
    fuzzed = FuzzedCloud(cloud)
    if packed:
        cloud.upload(packed)
    chunks = [{"hash": blake3(packed).hexdigest(), "size": len(packed)}] if packed else []
    column = {"dtype": "packed", "shape": [len(packed)], "chunks": chunks}
    response = fuzzed.send("data", "POST", f"/{USER}/data", json={"name": "s", "columns": {"y": column}})
    if response.status_code < 400:
        source = response.json
        leaf = {"type": "packed", "data": {"id": source["columns"]["y"]["hash"]}}
        sources = [{"model": "p1", "id": source["id"]}]
        document = text_document(tags=[leaf])
        _publish(fuzzed, json.dumps({"name": "packed", "document": document, "sources": sources}))
    fuzzed.clear()
