"""The loopback guard of a server without accounts."""

import falcon.asgi
import pytest
from falcon import testing

from bokeh_cloud_server.loopback_guard import LoopbackGuard, is_loopback


class ExampleResource:
    """A resource that may be requested from this machine only."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.text = "ok"

    async def on_options(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.text = "ok"


@pytest.fixture(scope="module")
def client() -> testing.TestClient:
    app = falcon.asgi.App()
    for path in ("/local/plots", "/static/a.js"):
        app.add_route(path, ExampleResource())
    return testing.TestClient(LoopbackGuard(app, r"/static/.*"))


def status_of(
    client: testing.TestClient, host: str, path: str = "/local/plots", method: str = "GET", **headers: str
) -> int:
    return client.simulate_request(method, path, host=host, headers=headers).status_code


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:5006", "127.0.0.1:5006", "[::1]:5006", "a.localhost:1"]
)
def test_loopback_hosts_are_accepted(client: testing.TestClient, host: str) -> None:
    assert status_of(client, host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "[::1",
        "a@localhost",
        "localhost:x",
        "example.com",
        "localhost.example.com",
        "192.168.1.2:5006",
        "127.0.0.1.example",
    ],
)
def test_other_hosts_are_rejected(client: testing.TestClient, host: str) -> None:
    assert status_of(client, host) == 403


def test_requests_of_own_pages_are_accepted(client: testing.TestClient) -> None:
    assert status_of(client, "localhost:5006", Origin="http://localhost:5006") == 200


@pytest.mark.parametrize(
    "origin", ["http://example.com", "null", "http://localhost:8888", "https://localhost:5006"]
)
def test_requests_of_other_sites_are_rejected(client: testing.TestClient, origin: str) -> None:
    assert status_of(client, "localhost:5006", Origin=origin) == 403


def test_requests_of_other_sites_with_a_token_are_passed_on(client: testing.TestClient) -> None:
    assert status_of(client, "localhost", Origin="null", Authorization="Bearer x") == 200


def test_open_paths_and_preflights_are_passed_on(client: testing.TestClient) -> None:
    assert status_of(client, "localhost", Origin="null", path="/static/a.js") == 200
    assert status_of(client, "localhost", Origin="null", method="OPTIONS") == 200


def test_loopback_addresses() -> None:
    assert is_loopback("127.8.9.1")
    assert not is_loopback("0.0.0.0")
