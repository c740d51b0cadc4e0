"""The OpenAPI description covers all public routes and problems, and is valid."""

import ast
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from falcon import testing
from openapi_spec_validator import OpenAPIV31SpecValidator

from bokeh_auth.settings import Settings
from bokeh_cloud_server import embedded
from bokeh_common.errors import CloudError
from bokeh_common.http.app import App
from bokeh_common.http.client.service_client import SERVICE_HEADER
from bokeh_common.http.errors import HTTP_STATUS
from bokeh_common.http.openapi.generator import Route
from bokeh_web.api_description import PAGES
from tests import ROOT

SOURCES = [path for place in ("libs", "services") for path in ROOT.glob(f"{place}/*/bokeh_*/**/*.py")]

#: Public routes that the description leaves out, since they are for monitoring.
UNDESCRIBED = {
    "GET /health/live",
    "GET /health/ready",
}

#: Problems without a page yet.
PAGELESS: set[str] = set()


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    storage = f"local://{tmp_path_factory.mktemp('described')}"
    settings = Settings(storage, accounts=True, outbox=tmp_path_factory.mktemp("outbox"))
    return embedded.create_services(storage, settings)


@pytest.fixture(scope="module")
def routes(apps: dict[str, App]) -> list[Route]:
    return [route for app in apps.values() for route in app.routes if route.public]


@pytest.fixture(scope="module")
def document(apps: dict[str, Any]) -> Any:
    return testing.TestClient(apps["web"]).simulate_get("/openapi.json").json


def test_every_public_route_is_described(routes: list[Route]) -> None:
    missing = {f"{m} {r.path}" for r in routes for m in r.methods() if r.operation(m) is None}
    assert missing == UNDESCRIBED


def test_only_implemented_methods_are_described(routes: list[Route]) -> None:
    for route in routes:
        assert set(getattr(route.resource, "describe", {})) <= set(route.methods()), route.path


def test_every_operation_has_a_summary(document: Any) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)


def test_the_document_is_openapi(document: Any) -> None:
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")


def test_internal_routes_are_not_described(document: Any) -> None:
    assert document["paths"]
    assert not [path for path in document["paths"] if path.startswith("/internal")]


async def accept_service(*_: object) -> None:
    """Accept every token."""


def test_schemas_of_the_same_name_are_equal_in_all_services(apps: dict[str, Any], document: Any) -> None:
    token = {SERVICE_HEADER: "x"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bokeh_common.http.auth.access.Authenticator._check_service", accept_service)
        for app in apps.values():
            response = testing.TestClient(app).simulate_get("/internal/openapi.json", headers=token).json
            for name, schema in response["components"]["schemas"].items():
                assert document["components"]["schemas"][name] == schema, name


def test_operation_ids_are_unique(document: Any) -> None:
    ids = [
        operation["operationId"] for methods in document["paths"].values() for operation in methods.values()
    ]
    assert len(ids) == len(set(ids))


def test_the_described_security_is_what_routes_declare_as_access(routes: list[Route], document: Any) -> None:
    for route in routes:
        for method in route.methods():
            if route.operation(method) is not None:
                security = document["paths"][route.path][method.lower()]["security"]
                access = route.resource.access[method]
                assert security == ([] if access.scope is None else security)
                scopes = [access.scope] if access.scope else []  # `ANY_KEY` requires none
                scopes += access.extra_scopes
                assert ({"key": scopes} in security) == (access.scope is not None)
                assert ({} in security) == access.allow_visitors
                text = document["paths"][route.path][method.lower()]["description"]
                assert [scope for scope in scopes if f"`{scope}`" not in text] == [], route.path


def slugs() -> Iterator[tuple[str, str]]:
    """Yield the slug of each problem in the code, and where it is used."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "slug" and isinstance(node.value, ast.Constant):
                yield str(node.value.value), path.name
    kinds: list[type[CloudError]] = [CloudError, *HTTP_STATUS]
    yield from ((kind.slug, kind.__name__) for kind in kinds)


def test_every_problem_has_a_page(apps: dict[str, Any]) -> None:
    client = testing.TestClient(apps["web"])
    missing = {slug for slug, _ in slugs() if client.simulate_get(f"/problems/{slug}").status_code != 200}
    assert missing == PAGELESS
    page = client.simulate_get("/problems/missing-columns").text
    assert "Commit a data source" in page
    assert client.simulate_get("/problems/nothing").status_code == 404


def test_the_statuses_of_problems_are_those_of_their_errors(document: Any) -> None:
    known = {problem["slug"]: problem["status"] for problem in document["x-problems"]}
    for kind, status in HTTP_STATUS.items():
        assert known[kind.slug] == status


def test_the_api_page_loads_nothing_from_other_sites(apps: dict[str, Any]) -> None:
    client = testing.TestClient(apps["web"])
    page = client.simulate_get("/docs/api")
    assert not re.search(r"(src|href)=.https?:", page.text)
    scripts = re.findall(r'script src="(/static/[^"]+)"', page.text)
    assert any("openapi-explorer" in script for script in scripts)
    assert {client.simulate_get(script).status_code for script in scripts} == {200}
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_pages_are_apart_from_the_api(document: Any) -> None:
    chapters = {
        (method, path): operation["tags"]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert {tag for tags in chapters.values() for tag in tags} == {tag["name"] for tag in document["tags"]}
    assert document["tags"][-1]["name"] == PAGES
    for browser in (("get", "/plots"), ("post", "/account/keys"), ("get", "/static/assets/{name}")):
        assert chapters[browser] == [PAGES], browser
    for program in (("post", "/{user}/store"), ("get", "/oembed"), ("get", "/simple/{project}/{file}")):
        assert PAGES not in chapters[program], program


def test_every_operation_has_examples_that_can_be_parsed(document: Any) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            curl, python = operation["x-code-samples"]
            assert shlex.split(curl["source"])[:3] == ["curl", "--request", method.upper()]
            ast.parse(python["source"])
            assert "{" not in shlex.split(curl["source"])[3], path
