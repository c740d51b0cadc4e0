"""Requests that would exceed the quota of an account are rejected, and what is stored stays."""

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
from bokeh_cloud_server.admin import admin
from bokeh_cloud_server.serve import CACHE_SECONDS
from tests.integration.accounts.conftest import PUBLISHING, publish_line
from tests.support.users import RunningCloud, User

MIB = 1 << 20


@pytest.fixture(scope="module")
def carl(cloud: RunningCloud) -> Iterator[tuple[bokeh_cloud.Server, str]]:
    """A client and the API key of an account with a quota of 1 MiB."""
    user = User(cloud, "carl")
    user.register()
    key = user.make_key(*PUBLISHING)
    return bokeh_cloud.Server(cloud.url, apikey=key), key  # type: ignore[return-value]  # one for the module


@pytest.fixture(autouse=True)
def quota(cloud_storage: str, carl: Any) -> None:
    set_quota(cloud_storage, MIB)


def set_quota(storage: str, number: int) -> None:
    """Set the quota in bytes by the operator's command, and wait until the server uses it."""
    arguments = ["--storage", storage, "users", "quota", "carl", "--bytes", str(number)]
    assert CliRunner().invoke(admin, arguments).exit_code == 0
    time.sleep(CACHE_SECONDS + 0.1)


def line(points: int, seed: int) -> Any:
    plot = figure()
    values = np.random.default_rng(seed).standard_normal(points)
    plot.line(np.arange(10.0), np.arange(10.0))
    plot.scatter(values, values)
    return plot


def test_a_publication_beyond_the_quota_is_rejected_and_the_old_version_stays(
    cloud: RunningCloud, cloud_storage: str, carl: tuple[bokeh_cloud.Server, str]
) -> None:
    server, key = carl
    plot = server.publish(line(1000, 1), "growing")
    with pytest.raises(CloudError, match=r"may have 1048576.*ask the operator"):
        server.publish(line(300_000, 2), "growing")
    assert server.plot("growing").version == plot.version
    assert cloud.request("GET", f"/carl/plots/{plot.id}/data", key).ok
    set_quota(cloud_storage, 8 * MIB)
    assert server.publish(line(300_000, 2), "growing").version == plot.version + 1


def test_a_chunk_beyond_the_quota_is_rejected(
    cloud: RunningCloud, carl: tuple[bokeh_cloud.Server, str]
) -> None:
    data = bytes(32 * MIB)
    response = cloud.request("PUT", f"/carl/data/chunks/{blake3(data).hexdigest()}", carl[1], data=data)
    assert response.status_code == 403
    problem = response.json()
    assert problem["type"].endswith("/quota-exceeded")
    assert problem["limit"] == MIB


def test_an_append_beyond_the_quota_is_rejected_and_loses_no_rows(
    cloud: RunningCloud, cloud_storage: str, carl: tuple[bokeh_cloud.Server, str]
) -> None:
    server, key = carl
    set_quota(cloud_storage, 64 * MIB)
    source = server.DataSource("readings", {"x": np.arange(10.0)})
    set_quota(cloud_storage, 0)
    body = {"rows": {"x": [1.5]}}
    response = cloud.request("POST", f"/carl/data/{source.source_id}/rows", key, json=body)
    assert (response.status_code, response.json()["limit"]) == (403, 0)
    found = cloud.request("GET", f"/carl/data/{source.source_id}", key).json()
    assert (found["version"], found["columns"]["x"]["length"]) == (1, 10)


def test_a_copy_counts_against_the_quota(
    cloud: RunningCloud, cloud_storage: str, carl: tuple[bokeh_cloud.Server, str], bob: User
) -> None:
    plot, _ = publish_line(bob, 3, "public plot")
    plot.visibility = "public"
    set_quota(cloud_storage, 0)
    body = {"plot": plot.id, "name": "copied"}
    response = cloud.request("POST", "/carl/clone", carl[1], json=body)
    assert (response.status_code, response.json()["type"]) == (403, "/problems/quota-exceeded")
    set_quota(cloud_storage, 64 * MIB)
    assert cloud.request("POST", "/carl/clone", carl[1], json=body).status_code == 201
