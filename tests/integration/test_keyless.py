"""A cloud without accounts is for this machine only, and a view token is for one plot only."""

import re
from typing import Any

import numpy as np
import pytest
import requests
from bokeh.plotting import figure

import bokeh_cloud


def line(slope: float) -> Any:
    plot = figure(title=f"slope {slope}")
    plot.line(np.arange(1000.0), np.arange(1000.0) * slope)
    return plot


@pytest.fixture(scope="module")
def server(cloud: str) -> bokeh_cloud.Server:
    return bokeh_cloud.Server(cloud)


@pytest.fixture(scope="module")
def plot(server: bokeh_cloud.Server) -> bokeh_cloud.Plot:
    return server.publish(line(2), "frame")


@pytest.fixture(scope="module")
def other(server: bokeh_cloud.Server) -> bokeh_cloud.Plot:
    return server.publish(line(3), "other frame")


def token_of(plot: bokeh_cloud.Plot) -> dict[str, str]:
    """Return the headers that the frame of a plot sends: its view token, and an opaque origin."""
    found = re.search(r"bkv_[\w.-]+", requests.get(plot.embed_url, timeout=30).text)
    assert found is not None
    return {"Authorization": f"Bearer {found[0]}", "Origin": "null"}


def columns_of(cloud: str, plot: bokeh_cloud.Plot) -> list[str]:
    text = requests.get(f"{cloud}/local/plots/{plot.id}/scene", timeout=30).text
    return re.findall(r"[0-9a-f]{64}", text)


def test_other_origins_and_hosts_are_rejected(cloud: str, plot: bokeh_cloud.Plot) -> None:
    for headers in ({"Origin": "http://example.com"}, {"Origin": "null"}, {"Host": "example.com"}):
        for method, path in (
            ("GET", "/local/plots"),
            ("POST", "/local/store"),
            ("GET", f"/plots/{plot.id}/embed"),
        ):
            response = requests.request(method, cloud + path, headers=headers, timeout=30)
            assert response.status_code == 403, (headers, path)
            assert "access-control-allow-origin" not in response.headers


def test_internal_routes_are_not_reachable(cloud: str, plot: bokeh_cloud.Plot) -> None:
    for path in (f"plots/{plot.id}", "auth/introspection", "auth/view-tokens"):
        for prefix in ("/internal", "//internal", "/./internal", "/%69nternal"):
            assert requests.post(f"{cloud}{prefix}/{path}", json={}, timeout=30).status_code in {404, 405}
            assert requests.get(f"{cloud}{prefix}/{path}", timeout=30).status_code == 404


def test_encoded_characters_in_a_path_lead_to_no_other_route(cloud: str, plot: bokeh_cloud.Plot) -> None:
    """The frame's files are available to all sites, so their paths must not lead to anything else."""
    for end in (
        "%3F/extensions/x.js",
        "%23/extensions/x.js",
        "/extensions/%2e%2e.js",
        "%2F..%2F/extensions/x.js",
    ):
        for headers in ({}, {"Origin": "http://example.com"}):
            response = requests.get(f"{cloud}/plots/{plot.id}{end}", headers=headers, timeout=30)
            assert response.status_code in {403, 404}, end
            assert plot.name not in response.text


def test_a_view_token_grants_access_to_its_plot(cloud: str, plot: bokeh_cloud.Plot) -> None:
    headers, hashes = token_of(plot), columns_of(cloud, plot)
    scene = requests.get(f"{cloud}/local/plots/{plot.id}/scene", headers=headers, timeout=30)
    assert scene.status_code == 200
    assert scene.headers["access-control-allow-origin"] == "*"
    column = requests.get(f"{cloud}/local/data/columns/{hashes[1]}", headers=headers, timeout=30)
    assert np.array_equal(np.frombuffer(column.content), np.arange(1000.0) * 2)
    batch = requests.post(
        f"{cloud}/local/data/columns", json={"columns": hashes}, headers=headers, timeout=30
    )
    assert len(batch.content) == 2 * 8008


def test_a_view_token_grants_access_to_nothing_else(
    cloud: str, plot: bokeh_cloud.Plot, other: bokeh_cloud.Plot
) -> None:
    headers, hashes = token_of(plot), columns_of(cloud, other)
    other_y = hashes[1]
    assert other_y not in columns_of(cloud, plot)
    for path in (
        f"/local/plots/{other.id}",
        f"/local/plots/{other.id}/scene",
        f"/local/plots/{other.id}/data",
        f"/local/data/columns/{other_y}",
        "/local/plots",
        "/local/data",
        f"/local/objects/{plot.id}.p1",
        f"/bob/plots/{plot.id}",
    ):
        assert requests.get(cloud + path, headers=headers, timeout=30).status_code == 404, path
    body: Any
    for path, body in (
        ("store", {}),
        ("data", {}),
        ("data/chunks/missing", {}),
        ("data/columns", {"columns": [other_y]}),
    ):
        response = requests.post(f"{cloud}/local/{path}", json=body, headers=headers, timeout=30)
        assert response.status_code == 404, path


def test_an_invalid_token_is_rejected(cloud: str) -> None:
    for token in ("bkv_wrong", "bkp_wrong", "x"):
        response = requests.get(
            f"{cloud}/local/plots", headers={"Authorization": f"Bearer {token}"}, timeout=30
        )
        assert response.status_code == 401


def test_preflight_requests_of_the_frame_succeed(cloud: str) -> None:
    headers = {"Origin": "null", "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type"}  # fmt: skip
    response = requests.options(f"{cloud}/local/data/columns", headers=headers, timeout=30)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "*"
    assert "authorization" in response.headers["access-control-allow-headers"].lower()
    assert "POST" in response.headers["access-control-allow-methods"]


def test_whoami_says_that_the_cloud_has_no_accounts(cloud: str) -> None:
    assert requests.get(f"{cloud}/whoami", timeout=30).json()["keyless"] is True


def test_the_policy_of_the_frame_is_a_sandbox(plot: bokeh_cloud.Plot) -> None:
    policy = requests.get(plot.embed_url, timeout=30).headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in policy
    assert "unsafe-eval" not in policy
