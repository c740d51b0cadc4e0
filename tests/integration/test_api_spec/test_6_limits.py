"""Default limits of requests."""

from typing import Any

import pytest

from tests.integration.test_api_spec.caller import Caller, problem
from tests.support.documents import VERSION, column_reference, nested_lists

ROOT = {"type": "object", "name": "Div", "id": "1"}


def with_roots(*roots: Any) -> dict[str, Any]:
    return {"document": {"version": VERSION, "roots": list(roots)}}


def with_tags(tags: list[Any]) -> dict[str, Any]:
    return with_roots({**ROOT, "attributes": {"tags": tags}})


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        pytest.param({"name": "x" * 201}, 422, "invalid-name", id="name"),
        pytest.param({"title": "x" * 1001}, 422, "invalid", id="title"),
        pytest.param(with_roots(*[ROOT] * 100_001), 413, "too-large", id="objects"),
        pytest.param(
            with_tags([column_reference(f"{number:064}") for number in range(10_001)]),
            413,
            "too-large",
            id="columns",
        ),
        pytest.param(with_tags(nested_lists(250)), 422, "invalid-document", id="depth"),
        pytest.param({"sources": [{"id": "a"}] * 10_001}, 413, "too-large", id="sources"),
        pytest.param({"extensions": [""] * 101}, 413, "too-large", id="extensions"),
        pytest.param({"more": 1}, 422, "invalid", id="unknown member"),
    ],
)
def test_limits_of_publications(ada: Caller, change: dict[str, Any], status: int, kind: str) -> None:
    body = {"name": "bounded", **with_roots(ROOT), **change}
    problem(ada("POST", "/{user}/store", json=body), status, kind)


def test_the_limit_of_idempotency_keys(ada: Caller) -> None:
    body = {"name": "bounded", **with_roots(ROOT)}
    response = ada("POST", "/{user}/store", json=body, headers={"Idempotency-Key": "x" * 256})
    problem(response, 422, "invalid")


def test_the_limit_of_bodies(ada: Caller) -> None:
    headers = {"Content-Type": "application/json"}
    response = ada("POST", "/{user}/store", data=b" " * ((64 << 20) + 1), headers=headers)
    problem(response, 413, "too-large")
