"""The garbage collector's app."""

from falcon import testing

from bokeh_common.http.peer import Peer
from bokeh_common.storage import open_records
from bokeh_gc.app import Dependencies, create_app
from bokeh_gc.settings import Settings


def test_health(storage: str) -> None:
    nobody = Peer("http://nobody.invalid")
    given = Dependencies(Settings(storage), open_records(storage, "gc"), nobody, nobody, nobody)
    client = testing.TestClient(create_app(given))
    assert client.simulate_get("/health/live").json == {"status": "ok"}
