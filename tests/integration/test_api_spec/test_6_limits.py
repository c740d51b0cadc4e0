"""What a client sends is bounded, and says so."""

from typing import Any

import pytest

from tests.integration.test_api_spec.caller import VERSION, Caller, problem

ROOT = {"type": "object", "name": "Div", "id": "1"}


def with_roots(*roots: Any) -> dict[str, Any]:
    return {"document": {"version": VERSION, "roots": list(roots)}}


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def leaf(number: int) -> Any:
    return {"type": "bytes", "data": {"id": f"{number:064}"}}


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        pytest.param({"name": "x" * 201}, 422, "invalid-name", id="name"),
        pytest.param({"title": "x" * 1001}, 422, "invalid", id="title"),
        pytest.param(with_roots(*[ROOT] * 100_001), 413, "too-large", id="objects"),
        pytest.param(
            with_roots({**ROOT, "attributes": {"tags": [leaf(i) for i in range(10_001)]}}),
            413,
            "too-large",
            id="columns",
        ),
        pytest.param(
            with_roots({**ROOT, "attributes": {"tags": nested(250)}}), 422, "invalid-document", id="depth"
        ),
        pytest.param({"sources": [{"id": "a"}] * 10_001}, 413, "too-large", id="sources"),
        pytest.param({"extensions": [""] * 101}, 413, "too-large", id="extensions"),
        pytest.param({"more": 1}, 422, "invalid", id="unknown member"),
    ],
)
def test_what_is_published_is_bounded(ada: Caller, change: dict[str, Any], status: int, kind: str) -> None:
    body = {"name": "bounded", **with_roots(ROOT), **change}
    problem(ada("POST", "/{user}/store", json=body), status, kind)


def test_keys_of_retries_are_bounded(ada: Caller) -> None:
    body = {"name": "bounded", **with_roots(ROOT)}
    answer = ada("POST", "/{user}/store", json=body, headers={"Idempotency-Key": "x" * 256})
    problem(answer, 422, "invalid")


def test_bodies_are_bounded(ada: Caller) -> None:
    headers = {"Content-Type": "application/json"}
    answer = ada("POST", "/{user}/store", data=b" " * ((64 << 20) + 1), headers=headers)
    problem(answer, 413, "too-large")
