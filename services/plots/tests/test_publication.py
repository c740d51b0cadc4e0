"""What a client publishes is checked before anything is stored."""

from typing import Any

import pytest

from bokeh_common.errors import Invalid
from bokeh_plots.publication import parse_publication

DOCUMENT = {"version": "3.9.2", "roots": [{"type": "object", "name": "Figure", "id": "p1"}]}


def body(**changes: Any) -> dict[str, Any]:
    return {"name": "sine", "document": DOCUMENT, **changes}


def test_only_name_and_document_are_needed() -> None:
    given = parse_publication(body())
    assert (given.name, given.title, given.bundles, given.sources) == ("sine", None, ["bokeh"], [])
    assert given.first_title == "sine"


def test_bundles_come_in_the_order_that_bokehjs_needs() -> None:
    assert parse_publication(body(bundles=["bokeh-tables", "bokeh-widgets"])).bundles == [
        "bokeh", "bokeh-widgets", "bokeh-tables",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": None},
        {"name": "a/b"},
        {"name": "a\nb"},
        {"name": "a\x00"},
        {"name": "  "},
        {"name": "x" * 201},
        {"title": "x" * 1001},
        {"title": 5},
        {"title": " "},
        {"document": None},
        {"sources": {}},
        {"sources": ["x"]},
        {"sources": [{"model": 5, "id": "x"}]},
        {"sources": [{"model": None, "id": "../x"}]},
        {"sources": [{"model": None}]},
        {"bundles": ["evil"]},
        {"bundles": "bokeh"},
        {"extensions": "alert()"},
        {"extensions": [1]},
    ],
)
def test_wrong_publications(changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        parse_publication(body(**changes))


@pytest.mark.parametrize("whole", [None, [], "x", 5])
def test_no_object(whole: Any) -> None:
    with pytest.raises(Invalid):
        parse_publication(whole)


def test_one_spelling_for_a_name() -> None:
    assert parse_publication(body(name="cafe\u0301")).name == "caf\u00e9"


@pytest.mark.parametrize(
    "change",
    [
        {"bundles": ["bokeh-gl"]},
        {"extensions": ["x"]},
        {"sources": [{"model": "p1", "id": "abc"}]},
        {"document": {**DOCUMENT, "title": "other"}},
    ],
)
def test_fingerprint_tells_every_change(change: dict[str, Any]) -> None:
    assert parse_publication(body()).fingerprint != parse_publication(body(**change)).fingerprint


def test_fingerprint_forgets_ids_in_sources_too() -> None:
    def made(model: str) -> str:
        document = {"version": "3.9.2", "roots": [{"type": "object", "name": "Figure", "id": model}]}
        return parse_publication(body(document=document, sources=[{"model": model, "id": "abc"}])).fingerprint

    assert made("p1001") == made("p2002")
