"""Every query parameter has a maximum length."""

import importlib
import pkgutil
from collections.abc import Iterator

import msgspec
import pytest
from msgspec import inspect

import bokeh_auth
import bokeh_common.http
import bokeh_data
import bokeh_plots
import bokeh_web

PACKAGES = (bokeh_auth, bokeh_common.http, bokeh_data, bokeh_plots, bokeh_web)


def query_types() -> Iterator[type[msgspec.Struct]]:
    """Yield the types of queries, whose names end with `Query`."""
    for package in PACKAGES:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "schemas" in module.name or "http." in module.name or "bokeh_web" in module.name:
                found = vars(importlib.import_module(module.name)).values()
                yield from (kind for kind in found if isinstance(kind, type) and is_query(kind))


def is_query(kind: type) -> bool:
    return issubclass(kind, msgspec.Struct) and kind.__name__.endswith("Query")


def strings_of(kind: inspect.Type) -> Iterator[inspect.StrType]:
    """Yield the types of strings in a type."""
    if isinstance(kind, inspect.StrType):
        yield kind
    elif isinstance(kind, inspect.Metadata):
        yield from strings_of(kind.type)
    elif isinstance(kind, inspect.UnionType):
        yield from (one for part in kind.types for one in strings_of(part))
    elif isinstance(kind, inspect.ListType):
        yield from strings_of(kind.item_type)


QUERIES = {kind.__name__: kind for kind in query_types()}


def test_there_are_queries() -> None:
    assert {"RowsQuery", "PageQuery", "ListQuery", "OEmbedQuery", "FileQuery"} <= QUERIES.keys()


@pytest.mark.parametrize("name", QUERIES)
def test_the_length_of_strings_is_limited(name: str) -> None:
    described = inspect.type_info(QUERIES[name])
    assert isinstance(described, inspect.StructType)
    for item in described.fields:
        for string in strings_of(item.type):
            is_limited = string.max_length is not None or (string.pattern or "").endswith("}$")
            assert is_limited, item.name
