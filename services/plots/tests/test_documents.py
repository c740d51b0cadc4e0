"""Scenes: validation, and what the server derives from them."""

import copy
import json
from typing import Any

import pytest

from bokeh_common.errors import Invalid
from bokeh_plots.documents.canonical_form import canonical
from bokeh_plots.documents.limits import DEFAULT_LIMITS
from bokeh_plots.documents.scene_json import (
    check_document,
    columns_of,
    compiles,
    has_code,
    image_hosts,
    models_of,
    title_of,
    uses_webgl,
)

H1, H2 = "1" * 64, "2" * 64


def model(name: str, model_id: str, **attributes: Any) -> dict[str, Any]:
    return {"type": "object", "name": name, "id": model_id, "attributes": attributes}


def document(*roots: Any, **more: Any) -> dict[str, Any]:
    return {"version": "3.9.2", "title": "T", "roots": list(roots), **more}


def figure() -> dict[str, Any]:
    """Return a small figure as Bokeh writes it: `p3` in full where it appears first, then by reference."""
    array = {
        "type": "ndarray",
        "array": {"type": "bytes", "data": {"id": H1}},
        "shape": [3],
        "dtype": "float64",
    }
    data = {"type": "map", "entries": [["x", array], ["t", {"type": "packed", "data": {"id": H2}}]]}
    source = model("ColumnDataSource", "p3", data=data)
    return model(
        "Figure", "p1", renderers=[model("GlyphRenderer", "p2", data_source=source)], source={"id": "p3"}
    )


def test_a_document_is_accepted() -> None:
    check_document(document(figure()))


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {},
        document(),
        document("p1"),
        document({"id": "p1"}),
        document(model("Figure", None)),  # type: ignore[arg-type]  # on purpose
        {**document(figure()), "version": None},
        {**document(figure()), "version": "../../3.9.2"},
        {**document(figure()), "roots": {"0": figure()}},
        {**document(figure()), "version": "3.9.2\u0661"},
        document(model("Div", "p1", tags={"type": "bytes", "data": {"id": [1]}})),
        document(model("Div", "p1", tags={"type": "packed", "data": "aGk="})),
        document(model("Div", "p1", tags={"type": "set", "entries": 5})),
    ],
)
def test_other_values_are_invalid_documents(wrong: Any) -> None:
    with pytest.raises(Invalid) as caught:
        check_document(wrong)
    assert caught.value.kind == "invalid-document"


def test_the_depth_of_a_document_is_limited() -> None:
    deep: Any = 1
    for _ in range(DEFAULT_LIMITS.depth):
        deep = [deep]
    with pytest.raises(Invalid, match="levels deep"):
        check_document(document(model("Figure", "p1", tags=deep)))


def test_types_that_are_not_hashable_are_ignored() -> None:
    strange = document(model("Div", "p1", tags=[{"type": []}, {"type": {}}, {"type": None}]))
    check_document(strange)
    assert columns_of(strange) == set()
    assert canonical(strange)["roots"][0]["attributes"]["tags"] == [
        {"type": []},
        {"type": {}},
        {"type": None},
    ]


@pytest.mark.parametrize(
    ("given", "title"),
    [
        (document(figure()), "T"),
        ({**document(figure()), "title": "Bokeh Application"}, None),
        (document(model("Figure", "p1", title=model("Title", "p2", text="Sine")), title=""), "Sine"),
        (document(model("Figure", "p1", title="Sine"), title=""), "Sine"),
        (document(model("Figure", "p1", title={"id": "p2"}), title=""), None),
        (document(model("Figure", "p1", title=model("Title", "p2", text={"type": "x"})), title=5), None),
        (document(figure(), figure(), title=""), None),
    ],
)
def test_the_title_is_that_of_the_document_or_of_its_only_figure(given: Any, title: str | None) -> None:
    assert title_of(given) == title


def test_columns_are_the_references_to_hashes() -> None:
    assert columns_of(document(figure())) == {H1, H2}
    assert columns_of(document(model("Div", "p1", text={"type": "bytes", "data": "aGk="}))) == set()


def test_models_are_separated() -> None:
    models = models_of(
        document(figure(), callbacks={"type": "map", "entries": [["e", [model("CustomJS", "p9")]]]})
    )
    assert list(models) == ["p1", "p2", "p3", "p9"]
    assert models["p1"]["attributes"] == {"renderers": [{"id": "p2"}], "source": {"id": "p3"}}
    assert models["p2"]["attributes"] == {"data_source": {"id": "p3"}}
    assert models["p3"]["attributes"]["data"]["entries"][0][1]["array"]["data"] == {"id": H1}


def test_the_document_is_not_modified() -> None:
    original = document(figure())
    before = copy.deepcopy(original)
    models_of(original)
    assert original == before


def renumbered(value: Any) -> Any:
    text = json.dumps(value)
    for i in range(9, 0, -1):
        text = text.replace(f'"p{i}"', f'"p{1000 + 7 * i}"')
    return json.loads(text)


def test_canonical_ignores_generated_ids() -> None:
    assert canonical(document(figure())) == canonical(renumbered(document(figure())))


def test_canonical_differs_for_another_reference() -> None:
    other = figure()
    other["attributes"]["source"] = {"id": "p2"}
    assert canonical(document(figure())) != canonical(document(other))


def test_canonical_differs_for_other_data() -> None:
    changed = json.loads(json.dumps(document(figure())).replace(H1, "3" * 64))
    assert canonical(document(figure())) != canonical(changed)


def test_canonical_keeps_ids_that_are_not_generated() -> None:
    assert canonical(document(model("Div", "mine"))) != canonical(document(model("Div", "yours")))


@pytest.mark.parametrize("entries", [["a", "b"], [1, 2.5, "a", None]])
def test_canonical_sorts_sets(entries: list[Any]) -> None:
    orders = (entries, entries[::-1])
    sets = [model("Div", "p1", events={"type": "set", "entries": order}) for order in orders]
    assert canonical(sets[0]) == canonical(sets[1])


@pytest.mark.parametrize(
    ("node", "code", "webgl"),
    [
        (model("Line", "p2"), False, False),
        (model("CustomJS", "p2"), True, False),
        (model("CustomJSTickFormatter", "p2"), True, False),
        (model("HTMLTemplateFormatter", "p2"), True, False),
        (model("Figure", "p2", output_backend="webgl"), False, True),
        (model("Figure", "p2", output_backend="canvas"), False, False),
        (model("Div", "p2", text="CustomJS"), False, False),
    ],
)
def test_code_and_webgl_are_detected(node: Any, code: bool, webgl: bool) -> None:
    found = document(model("Figure", "p1", renderers=[node]))
    assert (has_code(found), uses_webgl(found)) == (code, webgl)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("new Function('a', 'return a')", True),
        ("x = Function ('return this')()", True),
        ("globalThis.eval('1')", True),
        ("isFunction(x); evaluate(y); function (z) {}", False),
    ],
)
def test_extensions_that_compile_code_are_detected(script: str, expected: bool) -> None:
    assert compiles(script) is expected


@pytest.mark.parametrize(
    ("node", "hosts"),
    [
        (
            model("WMTSTileSource", "p2", url="https://tile.example.org/{Z}/{X}/{Y}.png"),
            ["https://tile.example.org"],
        ),
        (
            model("WMTSTileSource", "p2", url="https://{s}.tile.example.org/{Z}.png"),
            ["https://*.tile.example.org"],
        ),
        (model("TMSTileSource", "p2", url="https://a.b;script-src *//x"), []),
        (model("WMTSTileSource", "p2", url=5), []),
        (model("WMTSTileSource", "p2", url="https://[x/"), []),
        (model("WMTSTileSource", "p2", url="https://x:\u0661/"), []),
        (model("ImageURL", "p2"), ["https:"]),
        (model("Line", "p2", url="https://x.org"), []),
    ],
)
def test_image_hosts_are_those_of_tiles_and_images(node: Any, hosts: list[str]) -> None:
    assert image_hosts(document(model("Figure", "p1", renderers=[node]))) == hosts


def test_all_hosts_are_allowed_if_there_are_too_many_for_a_header() -> None:
    tiles = [model("TileSource", f"p{i}", url=f"https://{i}.example.org/") for i in range(1000)]
    assert image_hosts(document(model("Figure", "p0", renderers=tiles))) == ["https:"]
    assert len(image_hosts(document(model("Figure", "p0", renderers=tiles[:20])))) == 20
