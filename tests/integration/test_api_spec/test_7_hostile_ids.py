"""Hostile values in place of ids are not found (404) or invalid (422), on every route."""

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from bokeh_auth.settings import Settings
from bokeh_cloud_server import embedded
from bokeh_common.http.openapi.generator import Route
from bokeh_plots.resources.schemas import PUBLISH_EXAMPLE
from bokeh_web.resources.base import FORM_TOKEN_HEADER
from tests.integration.test_api_spec.caller import TIMEOUT, Caller
from tests.support.users import RunningCloud, User

#: Values in the form in which they are sent, without any further quoting or normalisation.
HOSTILE = {
    "dots": "..",
    "quoted dots": "%2e%2e",
    "a quoted dot": "%2e",
    "dots to the root": "..%2f..%2f..%2fetc%2fpasswd",
    "backslashes": "..%5c..%5c",
    "NUL": "%00",
    "NUL inside": "a%00b",
    "a slash": "%2f",
    "a slash inside": "a%2fb",
    "quoted twice": "%252e%252e%252f",
    "an umlaut": "%C3%BC",
    "right to left": "%E2%80%AEtolp",
    "an emoji": "%F0%9F%A6%8A",
    "invalid UTF-8": "%FF%FE",
    "a lone surrogate": "%ED%A0%80",
    "a line break": "%0d%0aX-Header:%20x",
    "a percent sign": "%",
    "a template": "{plot}",
    "10 KB": "x" * 10_240,
    "10 KB of dots": "%2e%2e%2f" * 1138,
}


@dataclass(frozen=True)
class RawResponse:
    """The parts of a response that the tests check."""

    status: int
    kind: str
    body: bytes

    def is_rejection(self, value: str, direct: bool) -> bool:
        """Tell whether the response is a problem with status 404 or 422.

        A gateway may also respond 400 to a path that is not a URI (RFC 3986).
        """
        return (not direct and value == "%" and self.status == 400) or (
            self.status in {404, 422}
            and self.kind == "application/problem+json"
            and json.loads(self.body)["status"] == self.status
        )


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The apps of all services, for their routes."""
    storage, outbox = f"local://{tmp_path_factory.mktemp('routes')}", tmp_path_factory.mktemp("outbox")
    return dict(embedded.create_services(storage, Settings(storage, accounts=True, outbox=outbox)))


def methods_with_ids(app: Any) -> Iterator[tuple[str, Route, str]]:
    """Yield each method of each public route with each of its path parameters."""
    for route in app.routes:
        for method in route.methods() if route.public else ():
            yield from ((method, route, name) for name in route.parameters)


@pytest.fixture(scope="module")
def values(ada: Caller) -> dict[str, str]:
    """Ids that exist, by the names of path parameters."""
    plot, source = ada.plot("hostile ids", 1.0), ada.source(1.0)
    column = source["columns"]["y"]["hash"]
    return {"user": ada.user, "plot": plot["id"], "source": source["id"], "column": column}


@pytest.fixture(scope="module")
def browser(accounts: RunningCloud, ada: Caller) -> dict[str, str]:
    """The headers that ada's browser sends with a form."""
    user = User(accounts, ada.user)
    count = len(accounts.mails_to(user.email)) + 1
    assert user.sign_in(count).status_code == 303
    cookies = "; ".join(f"{name}={value}" for name, value in user.browser.cookies.items())
    headers = {"Cookie": cookies, "Origin": accounts.url, "Sec-Fetch-Site": "same-origin"}
    return {**headers, FORM_TOKEN_HEADER: user.form_token()}


def send(url: str, method: str, path: str, body: str, headers: Mapping[str, str]) -> RawResponse:
    """Send a request whose path is not normalised."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT)
    try:
        connection.request(method, path, body or None, dict(headers))
        response = connection.getresponse()
        return RawResponse(response.status, response.headers.get("Content-Type", ""), response.read())
    except ConnectionResetError:  # the server closed the connection before it had read the request
        return RawResponse(400, "", b"the connection was reset")
    finally:
        connection.close()


def fill_path(route: Route, values: Mapping[str, str], hostile: str, value: str) -> str:
    """Return the path of a route with `value` for the parameter `hostile`, and existing ids for others."""
    path = route.path
    for name in route.parameters:
        path = path.replace(f"{{{name}}}", value if name == hostile else values.get(name, "x" * 16), 1)
    return path


def valid_body(method: str, route: Route) -> tuple[str, dict[str, str]]:
    """Return a body that a method of a route accepts, and its headers."""
    operation = route.operation(method)
    if method in {"GET", "DELETE"}:
        return "", {}
    if operation is not None and operation.body is bytes:
        return "x", {"Content-Type": operation.media[0]}
    body = json.dumps(operation.example if operation and operation.example else {})
    return body, {"Content-Type": "application/json", "If-Match": "*"}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_services_reject_hostile_ids(
    ada: Caller, services: dict[str, Any], values: dict[str, str], backend: str, value: str
) -> None:
    accepted, count = [], 0
    for service in ("auth", "plots", "data", "gc"):
        for method, route, name in methods_with_ids(services[service]):
            body, headers = valid_body(method, route)
            path = fill_path(route, values, name, value)
            response = send(ada.url, method, path, body, {**headers, "Authorization": f"Bearer {ada.key}"})
            count += 1
            if not response.is_rejection(value, direct=backend == "local"):
                accepted.append(f"{method} {route.path} {name}: {response.status} {response.body[:100]!r}")
    assert not accepted, "\n".join(accepted)
    assert count > 40


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_pages_reject_hostile_ids(
    ada: Caller,
    services: dict[str, Any],
    values: dict[str, str],
    browser: dict[str, str],
    backend: str,
    value: str,
) -> None:
    accepted, count = [], 0
    for method, route, name in methods_with_ids(services["web"]):
        form = "" if method == "GET" else urlencode({"form_token": browser[FORM_TOKEN_HEADER]})
        headers = {**browser, "Content-Type": "application/x-www-form-urlencoded"}
        response = send(ada.url, method, fill_path(route, values, name, value), form, headers)
        count += 1
        if not response.is_rejection(value, direct=backend == "local"):
            accepted.append(f"{method} {route.path} {name}: {response.status} {response.body[:100]!r}")
    assert not accepted, "\n".join(accepted)
    assert count > 15


@pytest.mark.parametrize("value", ["", "..", "\0", "a/b", "\u202etolp", "x" * 10_240, "\ud800"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/{user}/delete", {"plot": "HERE"}),
        ("/{user}/clone", {"plot": "HERE"}),
        ("/{user}/store", {**PUBLISH_EXAMPLE, "sources": [{"model": "p1", "id": "HERE"}]}),
        ("/{user}/store", {**PUBLISH_EXAMPLE, "name": "a/HERE"}),
        ("/{user}/data/chunks/missing", {"chunks": ["HERE"]}),
        ("/{user}/data/columns", {"columns": ["HERE"]}),
        ("/{user}/data", {"name": "x", "columns": {"y": {"hash": "HERE"}}}),
    ],
)
def test_hostile_ids_in_bodies_are_rejected(ada: Caller, path: str, body: dict[str, Any], value: str) -> None:
    text = json.dumps(body).replace('HERE"', json.dumps(value)[1:])
    response = ada("POST", path, data=text, headers={"Content-Type": "application/json"})
    assert response.status_code in {404, 422}, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
