"""Tests of `tests.support.canonical`: which documents are serialised equally, and which differ."""

import copy
import json
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.model import Model
from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure

from tests.gallery import FIGURES, as_document
from tests.support.canonical import canonical


def build(last: float = 3.0, color: str = "red") -> Model:
    plot = figure(title="Three points")
    plot.scatter("x", "y", color=color, source=ColumnDataSource({"x": np.arange(3), "y": [1.0, 2.0, last]}))
    return plot


def canonical_text(content: Model | list[Model] | Document) -> str:
    serialized = as_document(content).to_json()
    return canonical(serialized.content, serialized.buffers)


def serialize(name: str) -> tuple[Any, dict[str, bytes]]:
    """Return a figure of the gallery as plain JSON that refers to buffers by id, and the buffers."""
    serialized = as_document(FIGURES[name]()).to_json()
    content = json.loads(json.dumps(serialized.content, default=lambda buffer: {"id": buffer.id}))
    return content, {buffer.id: buffer.to_bytes() for buffer in serialized.buffers}


@pytest.mark.parametrize("name", FIGURES)
def test_two_serialisations_of_a_figure_are_equal(name: str) -> None:
    assert canonical_text(FIGURES[name]()) == canonical_text(FIGURES[name]())


@pytest.mark.parametrize("name", ["contours", "binary_numbers", "array_network", "no_rows"])
def test_embedded_and_separate_buffers_are_equal(name: str) -> None:
    document = as_document(FIGURES[name]())
    serialized = document.to_json()
    expected = canonical(serialized.content, serialized.buffers)
    assert canonical(serialized.content) == expected
    assert canonical(document.to_json(deferred=False)) == expected
    assert canonical(*serialize(name)) == expected


def test_ids_of_models_are_replaced() -> None:
    content, buffers = serialize("linked_grid")
    root = content["roots"][0]["id"]
    assert f'"{root}"' in json.dumps(content)
    assert f'"{root}"' not in canonical(content, buffers)


@pytest.mark.parametrize("other", [build(last=4.0), build(color="blue"), figure(title="Three points")])
def test_different_figures_differ(other: Model) -> None:
    assert canonical_text(other) != canonical_text(build())


@pytest.mark.parametrize("position", [0, 777, -1])
def test_a_flipped_bit_makes_a_difference(position: int) -> None:
    content, buffers = serialize("random_walk")
    changed = dict(buffers)
    name = list(changed)[1]
    data = bytearray(changed[name])
    data[position] ^= 1
    changed[name] = bytes(data)
    assert canonical(content, changed) != canonical(content, buffers)


def test_equal_bytes_of_another_dtype_or_shape_differ() -> None:
    column = np.arange(6, dtype="int32")
    sources = [column, column.view("uint32"), column.reshape(2, 3)]
    assert len({canonical_text(ColumnDataSource({"x": values})) for values in sources}) == 3


def test_the_signs_of_zero_and_nan_make_a_difference() -> None:
    values = [0.0, -0.0, float("nan"), -float("nan")]
    assert len({canonical_text(ColumnDataSource({"x": np.array([value])})) for value in values}) == 4


def test_a_reference_to_another_model_differs() -> None:
    def ranges(shared: bool) -> list[Model]:
        one, other = Range1d(start=0, end=1), Range1d(start=0, end=1)
        return [figure(x_range=one, y_range=one if shared else other)]

    assert canonical_text(ranges(shared=True)) != canonical_text(ranges(shared=False))


def test_the_order_of_roots_makes_a_difference() -> None:
    assert canonical_text([Range1d(end=1), Range1d(end=2)]) != canonical_text(
        [Range1d(end=2), Range1d(end=1)]
    )


def test_the_members_of_a_set_make_a_difference_but_not_their_order() -> None:
    def members(*names: str) -> Any:
        return {"type": "set", "entries": [{"type": "object", "name": name, "id": name} for name in names]}

    assert canonical(members("p1", "p2")) == canonical(members("p2", "p1"))
    assert canonical(members("p1", "p2")) != canonical(members("p1", "p3"))


def test_ids_are_replaced_in_keys_but_not_in_strings() -> None:
    def document(model: str, text: str) -> Any:
        return {"roots": [{"type": "object", "name": "A", "id": model}], model: {"id": model}, "title": text}

    assert canonical(document("p1", "p1")) == canonical(document("p2", "p1"))
    assert canonical(document("p1", "p1")) != canonical(document("p1", "p2"))


def test_the_order_of_keys_makes_no_difference() -> None:
    content, buffers = serialize("linked_grid")
    reversed_content = json.loads(json.dumps(content), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert canonical(reversed_content, buffers) == canonical(content, buffers)


def test_integers_floats_and_booleans_differ() -> None:
    assert len({canonical({"value": value}) for value in (1, 1.0, True)}) == 3


def test_a_packed_column_equals_its_value() -> None:
    column = [1, {"type": "bytes", "data": {"id": "a"}}, "ü", {"type": "bytes", "data": {"id": "b"}}]
    header = {"buffers": [3, 8], "value": copy.deepcopy(column)}
    header["value"][1]["data"]["id"], header["value"][3]["data"]["id"] = 0, 1  # type: ignore[index]  # JSON
    text = json.dumps(header, ensure_ascii=False).encode()
    text += b" " * (-(4 + len(text)) % 8)
    packed = len(text).to_bytes(4, "little") + text + b"abc".ljust(8, b"\0") + b"12345678"
    expected = canonical({"x": column}, {"a": b"abc", "b": b"12345678"})
    assert canonical({"x": {"type": "packed", "data": {"id": "hash"}}}, {"hash": packed}) == expected


def test_a_missing_array_is_an_error() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        canonical({"type": "bytes", "data": {"id": "nowhere"}})
