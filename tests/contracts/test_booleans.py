"""Booleans of JSON are no numbers, although Python takes them for 0 and 1."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from blake3 import blake3

from bokeh_data.columns.packed import read_packed, write_header
from bokeh_data.queries.output_formats import PACKED_TYPE
from bokeh_plots.documents import packed
from tests.support.account_cloud import AccountCloud

NUMBERS = {"integer", "number"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> AccountCloud:
    folder = tmp_path_factory.mktemp("booleans")
    return AccountCloud(f"local://{folder / 'storage'}", folder / "outbox")


def resolve(spec: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without references."""
    while "$ref" in schema:
        schema = spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def numbers_of(spec: dict[str, Any], schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[Any]:
    """Yield the paths of all members of a body that are numbers."""
    schema = resolve(spec, schema)
    for option in schema.get("anyOf", schema.get("oneOf", ())):
        yield from numbers_of(spec, option, path)
    if schema.get("type") in NUMBERS:
        yield path
    for name, member in schema.get("properties", {}).items():
        yield from numbers_of(spec, member, (*path, name))


def with_value(body: Any, path: tuple[str, ...], value: object) -> Any:
    if not path:
        return value
    inner = body.get(path[0]) if isinstance(body, dict) else None
    return {**(body or {}), path[0]: with_value(inner, path[1:], value)}


def operations(cloud: AccountCloud) -> Iterator[tuple[str, str, dict[str, Any], tuple[str, ...]]]:
    """Yield method, path, example of the body and the path of a number in it."""
    spec = cloud.request("GET", "/openapi.json", None).json
    for path, methods in spec["paths"].items():
        for method in methods.keys() & {"post", "put", "patch", "delete"}:
            content = methods[method].get("requestBody", {}).get("content", {})
            body = content.get("application/json", {})
            for number in dict.fromkeys(numbers_of(spec, body.get("schema", {}))):
                yield method.upper(), path, body.get("example", {}), number


def test_no_member_of_a_body_that_is_a_number_takes_a_boolean(cloud: AccountCloud) -> None:
    key = cloud.make_key("ada")
    plot = cloud.publish("ada", key, "one")
    source = cloud.upload("ada", key, b"12345678", live=True)
    tested = []
    for method, template, example, number in operations(cloud):
        path = template.format_map({"user": "ada", "plot": plot, "source": source, "share": "x", "key": "x"})
        given = {**example, "plot": plot} if "plot" in example else example
        for value in (True, False):
            body = with_value(given, number, value)
            response = cloud.request(method, path, key, json=body, headers={"If-Match": "*"})
            assert response.status_code in (400, 422), (method, path, number, response.text)
            reason = response.json["detail"]  # a member of another kind of body is unknown
            assert re.search("got `bool`|unknown field", reason), (method, path, number, reason)
        tested.append((template, number))
    assert len(tested) > 5, tested


@pytest.mark.parametrize(
    "values",
    [
        [1, True], [1.5, True], [[1.5], [True]], [[1, 2], [3, False]],
        {"values": [1, True], "dtype": "int64"}, {"values": [True], "dtype": "int8"},
        {"values": [True, 1.5], "dtype": "float64"}, {"values": [True, 1.5], "dtype": "complex64"},
        {"values": [True], "dtype": "datetime64[s]"}, {"values": [True], "dtype": "timedelta64[s]"},
        {"values": [[True, 1]], "dtype": "uint8"}, {"values": [True], "dtype": "arrow[double]"},
        {"values": [[True]], "dtype": "arrow[list<item: float>]"},
        {"values": [True], "dtype": "arrow[halffloat]"},
        {"values": [True], "dtype": "arrow[decimal128(5, 2)]"},
        {"dtype": "uint8", "shape": [True], "chunks": []},
        {"dtype": "uint8", "shape": [0], "chunks": [], "skip": False},
        {"dtype": "uint8", "shape": [1], "chunks": [{"hash": "0" * 64, "size": True}]},
    ],
)  # fmt: skip
def test_no_column_of_numbers_takes_a_boolean(cloud: AccountCloud, values: Any) -> None:
    key = cloud.make_key("ada")
    body = {"name": "mixed", "live": True, "columns": {"x": values}}
    response = cloud.request("POST", "/ada/data", key, json=body)
    assert response.status_code == 422, response.text
    assert re.search("bool|True|False|integer", response.json["detail"])


@pytest.mark.parametrize("member", ["shape", "id"])
def test_arrays_in_packed_bodies_have_no_booleans(cloud: AccountCloud, member: str) -> None:
    key = cloud.make_key("ada")
    leaf: dict[str, Any] = {"type": "bytes", "data": {"id": False if member == "id" else 0}}
    shape = [True if member == "shape" else 1]
    array = {"type": "ndarray", "array": leaf, "dtype": "uint8", "shape": shape, "order": "little"}
    value = {"name": "packed", "live": True, "columns": {"x": array}}
    body = write_header(value, [1]) + b"\1" + bytes(7)
    response = cloud.request("POST", "/ada/data", key, body=body, headers={"Content-Type": PACKED_TYPE})
    assert response.status_code == 422, response.text


@pytest.mark.parametrize("member", ["shape", "id"])
def test_arrays_in_packed_columns_have_no_booleans(cloud: AccountCloud, member: str) -> None:
    key = cloud.make_key("ada")
    leaf: dict[str, Any] = {"type": "bytes", "data": {"id": False if member == "id" else 0}}
    shape = [True if member == "shape" else 1]
    array = {"type": "ndarray", "array": leaf, "dtype": "uint8", "shape": shape, "order": "little"}
    content = write_header([array], [1]) + b"\1" + bytes(7)
    assert read_packed(content)
    name = blake3(content).hexdigest()
    cloud.request("PUT", f"/ada/data/chunks/{name}", key, body=content)
    chunks = [{"hash": name, "size": len(content)}]
    column = {"dtype": "packed", "shape": [len(content)], "chunks": chunks}
    made = cloud.request("POST", "/ada/data", key, json={"name": member, "columns": {"x": column}})
    response = cloud.request("GET", f"/ada/data/{made.json['id']}.json", key)
    assert response.status_code == 422, response.text
    if member == "id":
        with pytest.raises(Exception, match="damaged"):
            packed.unpack(content)


def test_buffers_have_sizes_that_are_integers() -> None:
    body = json.dumps({"buffers": [True], "value": 1}).encode()
    with pytest.raises(Exception, match="damaged"):
        packed.unpack(len(body).to_bytes(4, "little") + body + b"\1")
