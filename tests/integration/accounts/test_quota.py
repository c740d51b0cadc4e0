"""How many bytes an account may have: what would be more is refused, and what is there stays."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from blake3 import blake3
from bokeh.plotting import figure
from click.testing import CliRunner

import bokeh_cloud
from bokeh_cloud.errors import CloudError
from operating import admin
from serve import REMEMBERED_SECONDS
from tests.integration.accounts.conftest import PUBLISHING, published
from tests.integration.people import Cloud, Person

MIB = 1 << 20


@pytest.fixture(scope="module")
def carl(cloud: Cloud) -> Iterator[tuple[bokeh_cloud.Server, str]]:
    """Somebody who may have 1 MiB; their key, too."""
    person = Person(cloud, "carl")
    person.register()
    key = person.make_key(*PUBLISHING)
    return bokeh_cloud.Server(cloud.url, apikey=key), key  # type: ignore[return-value]  # made once


@pytest.fixture(autouse=True)
def bound(cloud_storage: str, carl: Any) -> None:
    allow(cloud_storage, str(MIB))


def allow(storage: str, number: str) -> None:
    """Set the bound, as the operator does; the server hears of it within a second."""
    arguments = ["--storage", storage, "users", "quota", "carl", "--bytes", number]
    assert CliRunner().invoke(admin, arguments).exit_code == 0
    time.sleep(REMEMBERED_SECONDS + 0.1)


def line(points: int, seed: int) -> Any:
    plot = figure()
    values = np.random.default_rng(seed).standard_normal(points)
    plot.line(np.arange(10.0), np.arange(10.0))
    plot.scatter(values, values)
    return plot


def test_publishing_more_is_refused_and_the_old_version_stays(
    cloud: Cloud, cloud_storage: str, carl: tuple[bokeh_cloud.Server, str]
) -> None:
    server, key = carl
    plot = server.publish(line(1000, 1), "growing")
    with pytest.raises(CloudError, match=r"may have 1048576.*ask the operator"):
        server.publish(line(300_000, 2), "growing")
    assert server.plot("growing").version == plot.version
    assert cloud.request("GET", f"/carl/plots/{plot.id}/data", key).ok
    allow(cloud_storage, str(8 * MIB))
    assert server.publish(line(300_000, 2), "growing").version == plot.version + 1


def test_a_large_chunk_is_refused_before_it_has_come_in(
    cloud: Cloud, carl: tuple[bokeh_cloud.Server, str]
) -> None:
    data = bytes(32 * MIB)
    answer = cloud.request("PUT", f"/carl/data/chunks/{blake3(data).hexdigest()}", carl[1], data=data)
    assert answer.status_code == 403
    problem = answer.json()
    assert problem["type"].endswith("/quota-exceeded")
    assert problem["limit"] == MIB


def test_appending_more_is_refused_and_loses_nothing(
    cloud: Cloud, cloud_storage: str, carl: tuple[bokeh_cloud.Server, str]
) -> None:
    server, key = carl
    allow(cloud_storage, str(64 * MIB))
    source = server.DataSource("readings", {"x": np.arange(10.0)})
    allow(cloud_storage, "0")
    body = {"rows": {"x": [1.5]}}
    answer = cloud.request("POST", f"/carl/data/{source.source_id}/rows", key, json=body)
    assert (answer.status_code, answer.json()["limit"]) == (403, 0)
    found = cloud.request("GET", f"/carl/data/{source.source_id}", key).json()
    assert (found["version"], found["columns"]["x"]["length"]) == (1, 10)


def test_a_copy_counts_as_well(
    cloud: Cloud, cloud_storage: str, carl: tuple[bokeh_cloud.Server, str], bob: Person
) -> None:
    plot, _ = published(bob, 3, "open to all")
    plot.visibility = "public"
    allow(cloud_storage, "0")
    body = {"plot": plot.id, "name": "copied"}
    answer = cloud.request("POST", "/carl/clone", carl[1], json=body)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/quota-exceeded")
    allow(cloud_storage, str(64 * MIB))
    assert cloud.request("POST", "/carl/clone", carl[1], json=body).status_code == 201
