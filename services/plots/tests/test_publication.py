"""Publications are validated before anything is stored."""

from typing import Any

import pytest

from bokeh_common.errors import Invalid
from bokeh_plots.documents.limits import DEFAULT_LIMITS
from bokeh_plots.documents.publication import check_name, parse_publication

DOCUMENT = {"version": "3.9.2", "roots": [{"type": "object", "name": "Figure", "id": "p1"}]}


def body(**changes: Any) -> dict[str, Any]:
    return {"name": "sine", "document": DOCUMENT, **changes}


def test_only_name_and_document_are_required() -> None:
    given = parse_publication(body())
    assert (given.name, given.title, given.bundles, given.sources) == ("sine", None, ["bokeh"], [])
    assert given.first_title == "sine"


def test_bundles_are_in_the_order_in_which_bokehjs_loads_them() -> None:
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
        {"losses": "no callbacks"},
        {"losses": ["x" * 1001]},
        {"losses": ["x"] * 51},
    ],
)
def test_invalid_publications_are_rejected(changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        parse_publication(body(**changes))


@pytest.mark.parametrize("value", [None, [], "x", 5])
def test_other_values_are_rejected(value: Any) -> None:
    with pytest.raises(Invalid):
        parse_publication(value)


def test_the_characters_of_a_name_are_composed() -> None:
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
def test_every_change_changes_the_fingerprint(change: dict[str, Any]) -> None:
    assert parse_publication(body()).fingerprint != parse_publication(body(**change)).fingerprint


def test_what_is_lost_is_in_the_manifest_and_not_in_the_fingerprint() -> None:
    lossy = parse_publication(body(losses=["Python callbacks do not run."]))
    assert lossy.fingerprint == parse_publication(body()).fingerprint
    assert lossy.traits["losses"] == ["Python callbacks do not run."]
    assert "losses" not in parse_publication(body()).traits


def test_the_fingerprint_ignores_generated_ids_in_sources_too() -> None:
    def made(model: str) -> str:
        document = {"version": "3.9.2", "roots": [{"type": "object", "name": "Figure", "id": model}]}
        return parse_publication(body(document=document, sources=[{"model": model, "id": "abc"}])).fingerprint

    assert made("p1001") == made("p2002")


def test_the_fingerprint_ignores_rows_of_live_sources() -> None:
    def made(column: str, name: str = "y", *, live: bool = True) -> str:
        data = {"type": "map", "entries": [[name, {"type": "packed", "data": {"id": "b3:" + column * 64}}]]}
        source = {"type": "object", "name": "ColumnDataSource", "id": "p1", "attributes": {"data": data}}
        given = parse_publication(
            body(document={**DOCUMENT, "roots": [source]}, sources=[{"model": "p1", "id": "abc"}])
        )
        columns = {name: {"hash": "b3:" + column * 64, "dtype": "packed"}}
        return given.with_live({"abc": {"live": live, "version": 3, "columns": columns}}).fingerprint

    assert made("a") == made("b")
    assert made("a") != made("a", "z")
    assert made("a", live=False) != made("b", live=False)


def test_the_fingerprint_ignores_models_that_other_libraries_define() -> None:
    by_name: dict[str, Any] = {
        "Base": {"type": "model", "name": "Base", "properties": [{"name": "x", "kind": "Any", "default": 3}]},
        "Derived": {"type": "model", "name": "Derived", "extends": {"id": "Base"}},
        "Other": {"type": "model", "name": "Other", "extends": {"id": "Base"}},
    }
    root = {"type": "object", "name": "Derived", "id": "p1"}

    def made(*names: str, **changes: Any) -> str:
        defs = [{**by_name[name], **changes} for name in names]
        return parse_publication(body(document={**DOCUMENT, "roots": [root], "defs": defs})).fingerprint

    needed = ("Base", "Derived")
    assert made(*needed) == made(*needed, "Other") == made("Other", *needed)
    assert made(*needed) != made("Derived")
    assert made(*needed) != made(*needed, overrides=[{"name": "x", "default": 5}])


@pytest.mark.parametrize(
    "defs", [None, 3, [3], [{}], [{"name": [1]}], [{"name": "Figure", "extends": {"id": "Figure"}}]]
)
def test_definitions_can_be_anything(defs: Any) -> None:
    assert parse_publication(body(document={**DOCUMENT, "defs": defs})).fingerprint


@pytest.mark.parametrize("control", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_names_must_not_change_the_direction_of_text(control: str) -> None:
    with pytest.raises(Invalid, match="direction"):
        check_name(f"report{control}gnp.exe", DEFAULT_LIMITS)


def test_names_may_be_written_from_right_to_left() -> None:
    assert check_name("دما\u200f 1", DEFAULT_LIMITS) == "دما\u200f 1"
