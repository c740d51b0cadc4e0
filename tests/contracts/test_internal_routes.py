"""Requests that services send to each other, with the tokens of services."""

from typing import Any

import pytest
from falcon import testing

from bokeh_auth.credentials.scopes import SERVICE_SCOPES
from bokeh_auth.settings import Settings
from bokeh_cloud_server import embedded
from bokeh_common.http.client.service_client import SERVICE_HEADER
from tests.support.documents import text_document
from tests.support.paging import follow_pages


class Services:
    """The services of a cloud without accounts, and their tokens."""

    def __init__(self, storage: str) -> None:
        tokens: list[str] = []

        def predictable_secret(kind: str) -> str:
            tokens.append(f"{kind}{len(tokens):038}")
            return tokens[-1]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(embedded, "new_secret", predictable_secret)
            self.apps: dict[str, Any] = embedded.create_services(storage, Settings(storage))
        self.tokens = dict(zip(SERVICE_SCOPES, tokens, strict=True))

    def request(
        self, service: str, method: str, path: str, by: str | None = None, **options: Any
    ) -> testing.Result:
        """Send a request to a service, with the token of the service `by` if it is given."""
        headers = {SERVICE_HEADER: self.tokens[by]} if by else {}
        client = testing.TestClient(self.apps[service])
        return client.simulate_request(method, path, headers=headers, **options)


@pytest.fixture
def services(storage: str) -> Services:
    return Services(storage)


def publish(services: Services, name: str, text: str = "one") -> Any:
    body = {"name": name, "document": text_document(text)}
    return services.request("plots", "POST", "/local/store", json=body).json


@pytest.mark.parametrize("by", ["data", "gc", "web"])
def test_references_are_paged(services: Services, by: str) -> None:
    for name in ("a", "b", "c"):
        for text in ("one", "two"):
            publish(services, name, text)

    def get(path: str) -> testing.Result:
        return services.request("plots", "GET", path, by)

    pages = follow_pages(get, "/internal/plots/references?user=local&limit=2")
    found = [reference for page in pages for reference in page.json["references"]]
    assert [(item["name"], item["version"]) for item in found] == [(n, v) for n in "abc" for v in (1, 2)]
    assert found[0].keys() == {"user", "plot", "name", "version", "sources", "columns"}
    assert services.request("plots", "GET", "/internal/plots/references?user=ada", by).json == {
        "references": []
    }


@pytest.mark.parametrize("user", ["", "a/b", "%00", "x" * 1000])
def test_references_of_an_invalid_username_are_rejected(services: Services, user: str) -> None:
    assert (
        services.request("plots", "GET", f"/internal/plots/references?user={user}", "gc").status_code == 422
    )
