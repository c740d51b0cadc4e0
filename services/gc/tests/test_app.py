"""The garbage collector's HTTP application."""

from falcon import testing

from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.storage import open_records
from bokeh_gc.app import Dependencies, create_app
from bokeh_gc.settings import Settings


def test_the_application_is_alive(storage: str) -> None:
    unreachable = ServiceClient("http://unreachable.invalid")
    records = open_records(storage, "gc")
    dependencies = Dependencies(Settings(storage), records, unreachable, unreachable, unreachable)
    client = testing.TestClient(create_app(dependencies))
    assert client.simulate_get("/health/live").json == {"status": "ok"}
