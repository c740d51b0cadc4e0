"""The path router."""

import asyncio

import pytest
from falcon import testing

from bokeh_cloud_server.path_router import PathRouter
from bokeh_common.http.server.served_app import ASGIApp, Message, Receive, Scope, Send


class NamedApp:
    """An app that responds with its name and the path, and records the events of the server."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.events: list[str] = []
        self.fails = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": f"{self.name} {scope['path']}".encode()})

    async def _live(self, receive: Receive, send: Send) -> None:
        while "lifespan.shutdown" not in self.events:
            event = (await receive())["type"]
            self.events.append(event)
            await send({"type": f"{event}.{'failed' if self.fails else 'complete'}", "message": self.name})


@pytest.fixture
def apps() -> dict[str, NamedApp]:
    return {name: NamedApp(name) for name in ("web", "data")}


@pytest.fixture
def router(apps: dict[str, ASGIApp]) -> PathRouter:
    return PathRouter([(r"/|/static/.*", "web"), (r"/(?!internal/)[^/]+/data(/.*)?", "data")], apps)


@pytest.fixture
def client(router: PathRouter) -> testing.TestClient:
    return testing.TestClient(router)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/", "web /"),
        ("/static/a.js", "web /static/a.js"),
        ("/ada/data", "data /ada/data"),
        ("/ada/data/x", "data /ada/data/x"),
    ],
)
def test_paths_are_passed_on_unchanged(client: testing.TestClient, path: str, answer: str) -> None:
    assert client.simulate_get(path).text == answer


@pytest.mark.parametrize(
    "path", ["/ada/database", "/internal/data", "/internal/data/x", "/nothing", "//ada/data"]
)
def test_other_paths_are_not_found(client: testing.TestClient, path: str) -> None:
    response = client.simulate_get(path)
    assert response.status_code == 404
    assert response.json["type"] == "/problems/not-found"


def test_head_has_no_body(client: testing.TestClient) -> None:
    response = client.simulate_head("/nothing")
    assert (response.status_code, response.content) == (404, b"")
    assert int(response.headers["Content-Length"]) > 0


def tell(router: PathRouter, *events: str) -> list[str]:
    """Send lifespan events to a router, and return the types of its answers."""
    left, answers = list(events), list[str]()

    async def receive() -> Message:
        return {"type": left.pop(0)}

    async def send(message: Message) -> None:
        answers.append(message["type"])

    asyncio.run(router({"type": "lifespan"}, receive, send))
    return answers


def test_all_apps_are_notified_when_the_server_starts_and_stops(
    apps: dict[str, NamedApp], router: PathRouter
) -> None:
    events = ["lifespan.startup", "lifespan.shutdown"]
    assert tell(router, *events) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert [app.events for app in apps.values()] == [events, events]


def test_the_server_does_not_start_if_an_app_fails(apps: dict[str, NamedApp], router: PathRouter) -> None:
    apps["data"].fails = True
    assert tell(router, "lifespan.startup") == ["lifespan.startup.failed"]
