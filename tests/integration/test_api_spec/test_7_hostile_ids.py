"""Whatever stands where an id belongs: it is not there (404) or cannot be one (422), on every route."""

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

import embedded
from bokeh_auth.settings import Settings
from bokeh_common.http.openapi import Route
from bokeh_plots.api import PUBLISH_EXAMPLE
from bokeh_web.resources.owned import FORM_TOKEN_HEADER
from tests.integration.people import Cloud, Person
from tests.integration.test_api_spec.caller import TIMEOUT, Caller

#: As they are sent: nothing is quoted, and nothing taken out, on the way.
HOSTILE = {
    "dots": "..",
    "quoted dots": "%2e%2e",
    "a quoted dot": "%2e",
    "dots to the root": "..%2f..%2f..%2fetc%2fpasswd",
    "backslashes": "..%5c..%5c",
    "zero": "%00",
    "zero inside": "a%00b",
    "a slash": "%2f",
    "a slash inside": "a%2fb",
    "quoted twice": "%252e%252e%252f",
    "an umlaut": "%C3%BC",
    "right to left": "%E2%80%AEtolp",
    "an emoji": "%F0%9F%A6%8A",
    "no characters": "%FF%FE",
    "half a pair": "%ED%A0%80",
    "a line break": "%0d%0aX-Header:%20x",
    "a percent sign": "%",
    "a template": "{plot}",
    "10 KB": "x" * 10_240,
    "10 KB of dots": "%2e%2e%2f" * 1138,
}


@dataclass(frozen=True)
class Answer:
    status: int
    kind: str
    body: bytes

    def is_refusal(self, value: str, direct: bool) -> bool:
        """Whether it is a problem that says that there is no such thing.

        A gateway may say of what is no URI (RFC 3986) that it does not understand it.
        """
        return (not direct and value == "%" and self.status == 400) or (
            self.status in {404, 422}
            and self.kind == "application/problem+json"
            and json.loads(self.body)["status"] == self.status
        )


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the services' apps, for their route tables."""
    storage, outbox = f"local://{tmp_path_factory.mktemp('routes')}", tmp_path_factory.mktemp("outbox")
    return dict(embedded.create_services(storage, Settings(storage, accounts=True, outbox=outbox)))


def taking_ids(app: Any) -> Iterator[tuple[str, Route, str]]:
    """Yield each method of each public route, with each of its parameters."""
    for route in app.routes:
        for method in route.methods() if route.public else ():
            yield from ((method, route, name) for name in route.parameters)


@pytest.fixture(scope="module")
def values(ada: Caller) -> dict[str, str]:
    """Return what there is, by the names of path parameters."""
    plot, source = ada.plot("beside hostile ids", 1.0), ada.source(1.0)
    column = source["columns"]["y"]["hash"]
    return {"user": ada.user, "plot": plot["id"], "source": source["id"], "column": column}


@pytest.fixture(scope="module")
def browser(people: Cloud, ada: Caller) -> dict[str, str]:
    """Return the headers of ada's browser, with the token of her forms."""
    person = Person(people, ada.user)
    count = len(people.mails_to(person.email)) + 1
    assert person.sign_in(count).status_code == 303
    cookies = "; ".join(f"{name}={value}" for name, value in person.browser.cookies.items())
    headers = {"Cookie": cookies, "Origin": people.url, "Sec-Fetch-Site": "same-origin"}
    return {**headers, FORM_TOKEN_HEADER: person.form_token()}


def send(url: str, method: str, path: str, body: str, headers: Mapping[str, str]) -> Answer:
    """Send a request whose path is as it is."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT)
    try:
        connection.request(method, path, body or None, dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers.get("Content-Type", ""), answer.read())
    except ConnectionResetError:  # what is not read can cut off the answer to it
        return Answer(400, "", b"the connection was reset")
    finally:
        connection.close()


def path_of(route: Route, values: Mapping[str, str], hostile: str, value: str) -> str:
    """Fill in the route's parameters, `hostile` with `value`."""
    path = route.path
    for name in route.parameters:
        path = path.replace(f"{{{name}}}", value if name == hostile else values.get(name, "x" * 16), 1)
    return path


def body_of(method: str, route: Route) -> tuple[str, dict[str, str]]:
    """Return a body that the route takes, where there is one, and its headers."""
    operation = route.operation(method)
    if method in {"GET", "DELETE"}:
        return "", {}
    if operation is not None and operation.body is bytes:
        return "x", {"Content-Type": operation.media[0]}
    body = json.dumps(operation.example if operation and operation.example else {})
    return body, {"Content-Type": "application/json", "If-Match": "*"}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_programs(
    ada: Caller, services: dict[str, Any], values: dict[str, str], backend: str, value: str
) -> None:
    wrong, asked = [], 0
    for service in ("auth", "plots", "data", "gc"):
        for method, route, name in taking_ids(services[service]):
            body, headers = body_of(method, route)
            path = path_of(route, values, name, value)
            answer = send(ada.url, method, path, body, {**headers, "Authorization": f"Bearer {ada.key}"})
            asked += 1
            if not answer.is_refusal(value, direct=backend == "local"):
                wrong.append(f"{method} {route.path} {name}: {answer.status} {answer.body[:100]!r}")
    assert not wrong, "\n".join(wrong)
    assert asked > 40


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_browsers(
    ada: Caller,
    services: dict[str, Any],
    values: dict[str, str],
    browser: dict[str, str],
    backend: str,
    value: str,
) -> None:
    wrong, asked = [], 0
    for method, route, name in taking_ids(services["web"]):
        form = "" if method == "GET" else urlencode({"form_token": browser[FORM_TOKEN_HEADER]})
        headers = {**browser, "Content-Type": "application/x-www-form-urlencoded"}
        answer = send(ada.url, method, path_of(route, values, name, value), form, headers)
        asked += 1
        if not answer.is_refusal(value, direct=backend == "local"):
            wrong.append(f"{method} {route.path} {name}: {answer.status} {answer.body[:100]!r}")
    assert not wrong, "\n".join(wrong)
    assert asked > 15


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
def test_bodies(ada: Caller, path: str, body: dict[str, Any], value: str) -> None:
    text = json.dumps(body).replace('HERE"', json.dumps(value)[1:])
    answer = ada("POST", path, data=text, headers={"Content-Type": "application/json"})
    assert answer.status_code in {404, 422}, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
