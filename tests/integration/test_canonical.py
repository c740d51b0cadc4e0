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
from tests.integration.canonical import canonical


def build(last: float = 3.0, color: str = "red") -> Model:
    plot = figure(title="Three points")
    plot.scatter("x", "y", color=color, source=ColumnDataSource({"x": np.arange(3), "y": [1.0, 2.0, last]}))
    return plot


def of(built: Model | list[Model] | Document) -> str:
    serialized = as_document(built).to_json()
    return canonical(serialized.content, serialized.buffers)


def sent(name: str) -> tuple[Any, dict[str, bytes]]:
    """A figure as it comes over a wire: plain JSON that names its buffers."""
    serialized = as_document(FIGURES[name]()).to_json()
    content = json.loads(json.dumps(serialized.content, default=lambda buffer: {"id": buffer.id}))
    return content, {buffer.id: buffer.to_bytes() for buffer in serialized.buffers}


@pytest.mark.parametrize("name", FIGURES)
def test_two_serialisations_of_a_figure_are_equal(name: str) -> None:
    assert of(FIGURES[name]()) == of(FIGURES[name]())


@pytest.mark.parametrize("name", ["contours", "binary_numbers", "array_network", "no_rows"])
def test_all_ways_to_carry_bytes_are_equal(name: str) -> None:
    document = as_document(FIGURES[name]())
    serialized = document.to_json()
    expected = canonical(serialized.content, serialized.buffers)
    assert canonical(serialized.content) == expected
    assert canonical(document.to_json(deferred=False)) == expected
    assert canonical(*sent(name)) == expected


def test_no_id_of_bokeh_is_left() -> None:
    content, buffers = sent("linked_grid")
    root = content["roots"][0]["id"]
    assert f'"{root}"' in json.dumps(content)
    assert f'"{root}"' not in canonical(content, buffers)


@pytest.mark.parametrize("other", [build(last=4.0), build(color="blue"), figure(title="Three points")])
def test_another_figure_differs(other: Model) -> None:
    assert of(other) != of(build())


@pytest.mark.parametrize("position", [0, 777, -1])
def test_one_flipped_bit_differs(position: int) -> None:
    content, buffers = sent("random_walk")
    changed = dict(buffers)
    name = list(changed)[1]
    data = bytearray(changed[name])
    data[position] ^= 1
    changed[name] = bytes(data)
    assert canonical(content, changed) != canonical(content, buffers)


def test_an_array_of_another_type_or_shape_with_equal_bytes_differs() -> None:
    column = np.arange(6, dtype="int32")
    sources = [column, column.view("uint32"), column.reshape(2, 3)]
    assert len({of(ColumnDataSource({"x": values})) for values in sources}) == 3


def test_minus_zero_and_the_sign_of_nan_count() -> None:
    values = [0.0, -0.0, float("nan"), -float("nan")]
    assert len({of(ColumnDataSource({"x": np.array([value])})) for value in values}) == 4


def test_a_reference_to_another_model_differs() -> None:
    def ranges(shared: bool) -> list[Model]:
        one, other = Range1d(start=0, end=1), Range1d(start=0, end=1)
        return [figure(x_range=one, y_range=one if shared else other)]

    assert of(ranges(shared=True)) != of(ranges(shared=False))


def test_the_order_of_roots_counts() -> None:
    assert of([Range1d(end=1), Range1d(end=2)]) != of([Range1d(end=2), Range1d(end=1)])


def test_the_order_of_a_set_does_not_count_but_its_members_do() -> None:
    def members(*names: str) -> Any:
        return {"type": "set", "entries": [{"type": "object", "name": name, "id": name} for name in names]}

    assert canonical(members("p1", "p2")) == canonical(members("p2", "p1"))
    assert canonical(members("p1", "p2")) != canonical(members("p1", "p3"))


def test_keys_that_are_ids_are_renamed_and_strings_are_not() -> None:
    def document(model: str, text: str) -> Any:
        return {"roots": [{"type": "object", "name": "A", "id": model}], model: {"id": model}, "title": text}

    assert canonical(document("p1", "p1")) == canonical(document("p2", "p1"))
    assert canonical(document("p1", "p1")) != canonical(document("p1", "p2"))


def test_the_order_of_keys_does_not_count() -> None:
    content, buffers = sent("linked_grid")
    turned = json.loads(json.dumps(content), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert canonical(turned, buffers) == canonical(content, buffers)


def test_integers_floats_and_flags_differ() -> None:
    assert len({canonical({"value": value}) for value in (1, 1.0, True)}) == 3


def test_a_packed_column_equals_the_column_itself() -> None:
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
