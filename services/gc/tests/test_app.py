"""The garbage collector's app."""

from falcon import testing

from bokeh_common.http.peer import Peer
from bokeh_gc.app import Dependencies, create_app


def test_health() -> None:
    client = testing.TestClient(create_app(Dependencies(auth=Peer("http://nobody.invalid"))))
    assert client.simulate_get("/health/live").json == {"status": "ok"}
