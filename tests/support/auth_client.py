"""The auth service's application in this process, and requests with credentials."""

from pathlib import Path
from typing import Any

from falcon import testing

from bokeh_auth.app import Dependencies, create_app
from bokeh_auth.credentials.scopes import SERVICE_SCOPES
from bokeh_auth.credentials.secret import SERVICE, new_secret
from bokeh_auth.settings import Settings
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.storage import RecordStore

#: The service tokens of the cloud.
TOKENS = {name: new_secret(SERVICE) for name in SERVICE_SCOPES}


def create_client(store: RecordStore, storage: str, outbox: Path, **settings: Any) -> testing.TestClient:
    """Return a client of a new application with accounts; it cannot reach other services."""
    unreachable = ServiceClient("http://unreachable.invalid")
    services = {token: name for name, token in TOKENS.items()}
    given = Settings(storage, accounts=True, services=services, outbox=outbox, **settings)
    return testing.TestClient(create_app(Dependencies(given, store, unreachable, unreachable)))


def bearer(key: str) -> dict[str, str]:
    """Return the headers of a request with an API key or another token."""
    return {"Authorization": f"Bearer {key}"}


def service(name: str, client_address: str = "") -> dict[str, str]:
    """Return the headers of a request by a service, on behalf of a client with this address."""
    return {"Bokeh-Cloud-Service": TOKENS[name], "Bokeh-Cloud-Origin": client_address}
