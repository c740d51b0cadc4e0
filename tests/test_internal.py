"""What the services ask each other, asked as they do: with the tokens of services."""

from typing import Any

import pytest
from falcon import testing

import embedded
from bokeh_auth.scopes import SERVICE_SCOPES
from bokeh_auth.settings import Settings
from bokeh_common.http.peer import SERVICE_HEADER

TEXTS = ("one", "two")


class Services:
    """The services of a cloud without keys, and their tokens."""

    def __init__(self, storage: str) -> None:
        tokens: list[str] = []

        def noting(kind: str) -> str:
            tokens.append(f"{kind}{len(tokens):038}")
            return tokens[-1]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(embedded, "new_secret", noting)
            self.apps: dict[str, Any] = embedded.create_services(storage, Settings(storage))
        self.tokens = dict(zip(SERVICE_SCOPES, tokens, strict=True))

    def ask(self, service: str, method: str, path: str, by: str | None = None, **how: Any) -> testing.Result:
        """Send a request to a service, in the name of another one where `by` says so."""
        headers = {SERVICE_HEADER: self.tokens[by]} if by else {}
        client = testing.TestClient(self.apps[service])
        return client.simulate_request(method, path, headers=headers, **how)


@pytest.fixture
def services(storage: str) -> Services:
    return Services(storage)


def publish(services: Services, name: str, text: str = "one") -> Any:
    root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": text}}
    body = {"name": name, "document": {"version": "3.9.2", "roots": [root]}}
    return services.ask("plots", "POST", "/local/store", json=body).json


@pytest.mark.parametrize("by", ["data", "gc", "web"])
def test_references_are_paged(services: Services, by: str) -> None:
    for name in ("a", "b", "c"):
        for text in TEXTS:
            publish(services, name, text)
    found: list[Any] = []
    path = "/internal/plots/references?user=local&limit=2"
    while path:
        answer = services.ask("plots", "GET", path, by)
        found += answer.json["references"]
        path = answer.headers.get("link", "").partition("<")[2].partition(">")[0]
    assert [(item["name"], item["version"]) for item in found] == [(n, v) for n in "abc" for v in (1, 2)]
    assert found[0].keys() == {"user", "plot", "name", "version", "sources", "columns"}
    assert services.ask("plots", "GET", "/internal/plots/references?user=ada", by).json == {"references": []}


@pytest.mark.parametrize("user", ["", "a/b", "%00", "x" * 1000])
def test_references_of_nobody(services: Services, user: str) -> None:
    assert services.ask("plots", "GET", f"/internal/plots/references?user={user}", "gc").status_code == 422
