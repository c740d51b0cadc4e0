"""Whatever is published is refused, or shown: never a failure, and never anything that nobody collects.

`BOKEH_CLOUD_FUZZ_EXAMPLES` makes it try for longer than it does with the other tests.
"""

import json
import os
from typing import Any

import pytest
from blake3 import blake3
from falcon import testing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bokeh_cloud.publishing import prepare
from bokeh_gc.fsck import Check
from bokeh_gc.peers import Holdings
from tests.gallery import FIGURES, as_document
from tests.garbage.driver import USER, Cloud
from tests.garbage.reachable import contents, reachable
from tests.garbage.scrambled import ANY_JSON, CHANGES, VALUES, Change, packed_of, scrambled, text_of

EXAMPLES = int(os.environ.get("BOKEH_CLOUD_FUZZ_EXAMPLES") or 30)
LARGEST = 60_000  # characters of a document; beyond, an example takes long and says no more

FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture,
        HealthCheck.large_base_example,
    ],
)  # fmt: skip

Body = dict[str, Any]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    return Cloud(f"local://{tmp_path_factory.mktemp('scrambled')}")


@pytest.fixture(scope="module")
def bodies() -> list[Body]:
    """Return what is sent to publish the figures of the gallery, with the columns themselves."""
    made = [prepare(as_document(FIGURES[name]()), name) for name in FIGURES]
    found = [
        {
            "name": "scrambled",
            "document": publication.parts.scene,
            "sources": [
                {"model": source.model, "columns": source.columns} for source in publication.parts.sources
            ],
            "bundles": list(publication.scripts.bundles),
            "extensions": list(publication.scripts.extensions),
        }
        for publication in made
    ]
    return [body for body in found if len(json.dumps(body["document"])) < LARGEST]


class Tried:
    """A cloud that is tried out with what no client sends."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.delete_all()  # what an example left that failed

    def ask(self, service: str, method: str, path: str, **how: Any) -> testing.Result:
        """Send a request that may be refused, and must not fail."""
        answer = testing.TestClient(self.cloud.apps[service]).simulate_request(method, path, **how)
        assert answer.status_code < 500, (method, path, answer.text)
        if answer.status_code >= 400 and service != "web":
            assert answer.headers["Content-Type"] == "application/problem+json"
        return answer

    def store(self, text: str) -> testing.Result:
        """Publish."""
        headers = {"Content-Type": "application/json"}
        return self.ask("plots", "POST", f"/{USER}/store", body=text.encode(), headers=headers)

    def uploaded(self, body: Body) -> Body:
        """Return a body whose data sources are there."""
        sources = []
        for source in body["sources"]:
            for column in source["columns"].values():
                for chunk in column.chunks:
                    self.cloud.upload(bytes(chunk.data))
            columns = {name: column.manifest() for name, column in source["columns"].items()}
            made = self.cloud.ask("POST", f"/{USER}/data", json={"name": "s", "columns": columns}).json
            sources.append({"model": source["model"], "id": made["id"]})
        return {**body, "sources": sources}

    def shown(self) -> dict[str, tuple[int, bytes]]:
        """Return what every plot shows, by name."""
        return {
            name: (plot["version"], self.ask("plots", "GET", f"/{USER}/plots/{plot['id']}/scene").content)
            for name, plot in self.cloud.plots().items()
        }

    def read_all(self, plot: Any) -> None:
        """Read all that a reader can ask of a plot."""
        path = f"/{USER}/plots/{plot['id']}"
        graph = self.ask("plots", "GET", path)
        assert graph.status_code == 200
        self.ask("plots", "GET", f"{path}/data")
        ids = [item for item in graph.json["objects"] if "," not in item]
        for start in range(0, len(ids), 100):
            asked = testing.TestClient(self.cloud.apps["plots"]).simulate_get(
                f"/{USER}/objects/{','.join(ids[start : start + 100])}"
            )
            assert asked.status_code in {200, 404}, asked.text
            json.loads(asked.content, parse_constant=_none)
        for page in ("show", "embed"):
            assert self.ask("web", "GET", f"/plots/{plot['id']}/{page}", headers=HOST).status_code == 200

    def use(self, plot: Any) -> None:
        """Copy it, go back to its first version, and delete all."""
        copied = self.ask("plots", "POST", f"/{USER}/clone", json={"plot": plot["id"], "name": "copied"})
        assert copied.status_code in {200, 201}, copied.text
        again = self.ask("plots", "POST", f"/{USER}/plots/{plot['id']}/rollback", json={"version": 1})
        assert again.status_code in {200, 404}

    def clear(self) -> None:
        """Delete all plots; then the collector leaves nothing, and nothing was wrong with what there was."""
        assert not list(self.check().run())
        self.delete_all()
        self.cloud.collect()
        assert contents(self.cloud) == reachable(self.cloud) == set()

    def delete_all(self) -> None:
        """Delete all plots, and data that nothing else needs."""
        for plot in self.cloud.plots().values():
            body = {"plot": plot["id"], "data": "unused"}
            assert self.ask("plots", "POST", f"/{USER}/delete", json=body).status_code == 200

    def check(self) -> Check:
        """Return a check of all that is stored."""
        return Check(Holdings({name: self.cloud.peer(name) for name in ("plots", "data")}))


HOST = {"Host": "localhost:5006"}


def _none(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def _publish(tried: Tried, text: str) -> None:
    before = tried.shown()
    answer = tried.store(text)
    if answer.status_code >= 400:
        assert tried.shown() == before
        return
    plot = answer.json
    shown = json.loads(tried.shown()[plot["name"]][1], parse_constant=_none)
    assert shown == json.loads(text)["document"]
    assert tried.store(text).json["unchanged"]
    tried.read_all(plot)
    tried.use(plot)


@FUZZ
@given(body=ANY_JSON | st.fixed_dictionaries({"name": st.just("any"), "document": VALUES}))
def test_any_json(cloud: Cloud, body: Any) -> None:
    tried = Tried(cloud)
    _publish(tried, text_of(body))
    tried.clear()


@FUZZ
@given(number=st.integers(0, 1000), changes=CHANGES)
def test_changed_figures(cloud: Cloud, bodies: list[Body], number: int, changes: list[Change]) -> None:
    tried = Tried(cloud)
    body = tried.uploaded(bodies[number % len(bodies)])
    assert tried.store(text_of(body)).status_code == 201
    _publish(tried, text_of(scrambled(body, changes)))
    tried.clear()


@FUZZ
@given(packed=st.binary(max_size=100) | st.tuples(ANY_JSON, st.binary(max_size=50)).map(packed_of))
def test_any_packed_column(cloud: Cloud, packed: bytes) -> None:
    tried = Tried(cloud)
    if packed:
        cloud.upload(packed)
    chunks = [{"hash": blake3(packed).hexdigest(), "size": len(packed)}] if packed else []
    column = {"dtype": "packed", "shape": [len(packed)], "chunks": chunks}
    answer = tried.ask("data", "POST", f"/{USER}/data", json={"name": "s", "columns": {"y": column}})
    if answer.status_code < 400:
        source = answer.json
        leaf = {"type": "packed", "data": {"id": source["columns"]["y"]["hash"]}}
        root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"tags": [leaf]}}
        sources = [{"model": "p1", "id": source["id"]}]
        document = {"version": "3.9.2", "roots": [root]}
        _publish(tried, json.dumps({"name": "packed", "document": document, "sources": sources}))
    tried.clear()
