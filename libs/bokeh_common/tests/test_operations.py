"""Descriptions of operations."""

from collections.abc import Callable

import msgspec
import pytest

from bokeh_common.http.openapi.operations import Operation


@pytest.mark.parametrize(
    "declare", [lambda kind: Operation({}, body=kind), lambda kind: Operation({}, query=kind)]
)
def test_types_are_inspected_when_they_are_declared(declare: Callable[[object], Operation]) -> None:
    class Declared(msgspec.Struct):
        name: str

    declare(Declared)
    Declared.__annotations__["name"] = "Unknown"  # which would be an error now
    assert msgspec.convert({"name": "x"}, Declared).name == "x"
