"""Files with values of every type of Arrow, and arrays of odd shapes: no request is answered by a 5xx."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from blake3 import blake3

from tests.support.arrow_values import all_arrays
from tests.support.embedded_server import one_process

MEDIA_TYPES = {
    "stream": "application/vnd.apache.arrow.stream",
    "file": "application/vnd.apache.arrow.file",
    "parquet": "application/vnd.apache.parquet",
}
EXTENSIONS = ("csv", "parquet", "json", "arrow", "packed")
REFUSED = ("interval", "union", "struct with", "no lists of lists")
TIMEOUT = 120  # seconds
SESSION = requests.Session()

#: The hashes of columns that were read: files of several kinds have the same columns.
READ: set[str] = set()

#: Types that no column has, one of each kind: each needs a file of its own.
SAMPLES = (
    "interval", "list<interval>", "dense_union<int8>", "sparse_union<string>", "runs<interval>",
    "struct without fields", "struct with equal fields", "no lists of lists of 2^31 - 1",
)  # fmt: skip

#: Rows of these types that a file has differ from those of the others.
ROWS = 2


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with one_process(f"local://{tmp_path_factory.mktemp('arrow')}") as url:
        yield f"{url}/local/data"


def accepted() -> dict[str, pa.Array]:
    arrays = {name: array for name, array in all_arrays().items() if not any(one in name for one in REFUSED)}
    return {name: array[:ROWS] for name, array in arrays.items() if len(array) >= ROWS}


def encode(kind: str, table: pa.Table) -> bytes:
    sink = io.BytesIO()
    if kind == "parquet":
        pq.write_table(table, sink)
    else:
        with (pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file)(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue()


def has_parquet(array: pa.Array) -> bool:
    """Tell whether Parquet has values; Arrow ends the process when it writes some lists without items."""
    if "[0]" in str(array.type):
        return False
    try:
        encode("parquet", pa.table({"c": array}))
    except (pa.ArrowException, OSError):
        return False
    return True


def check(response: requests.Response) -> bool:
    """Tell whether a request succeeded; if it did not, it has to say why."""
    assert response.status_code < 500, (response.url, response.text)
    if response.status_code >= 400:
        assert len(response.json()["detail"]) > 20, response.text
    return response.ok


def read_everything(data: str, made: dict[str, Any]) -> None:
    """Read a source, and each of its columns that was not read before, in every form."""
    source = f"{data}/{made['id']}"
    for extension in EXTENSIONS:
        assert check(SESSION.get(f"{source}.{extension}", timeout=TIMEOUT)), extension
    for column in made["columns"].values():
        if column["hash"] in READ:
            continue
        READ.add(column["hash"])
        for form in ("shown", "stored", "manifest"):
            check(SESSION.get(f"{data}/columns/{column['hash']}?form={form}", timeout=TIMEOUT))


@pytest.mark.parametrize("rows", [ROWS, 0])
@pytest.mark.parametrize("kind", MEDIA_TYPES)
def test_files_of_all_types_are_read_back(data: str, kind: str, rows: int) -> None:
    arrays = {name: array[:rows] for name, array in accepted().items()}
    if kind == "parquet":
        arrays = {name: array for name, array in arrays.items() if has_parquet(array)}
    table = pa.table(list(arrays.values()), list(arrays))
    headers = {"Content-Type": MEDIA_TYPES[kind]}
    made = SESSION.post(
        f"{data}?name={kind}-{rows}", data=encode(kind, table), headers=headers, timeout=TIMEOUT
    )
    assert made.status_code == 201, made.text
    read_everything(data, made.json())
    rewritten = SESSION.get(f"{data}/{made.json()['id']}.arrow", timeout=TIMEOUT).content
    appended = SESSION.post(
        f"{data}/{made.json()['id']}/rows",
        data=rewritten,
        headers={"Content-Type": MEDIA_TYPES["stream"]},
        timeout=TIMEOUT,
    )
    assert check(appended), appended.text
    count = SESSION.get(f"{data}/{made.json()['id']}.json", timeout=TIMEOUT).json()["rows"]
    assert count == 2 * rows


@pytest.mark.parametrize("name", SAMPLES)
def test_other_types_are_refused_with_advice(data: str, name: str) -> None:
    table = pa.table({"measured": all_arrays()[name]})
    headers = {"Content-Type": MEDIA_TYPES["stream"]}
    for path in ("?name=refused", "/preview"):
        response = SESSION.post(
            f"{data}{path}", data=encode("stream", table), headers=headers, timeout=TIMEOUT
        )
        assert not check(response), response.text
        assert "measured" in response.json()["detail"]


SHAPES: list[list[int]] = [
    [0], [0, 0], [0, 3], [3, 0], [0, 0, 5], [3, 0, 2], [0, 1 << 40], [0, (1 << 31) - 1],
    [0, 1 << 31, 1 << 31], [0, (1 << 63) - 1], [1 << 40, 0], [(1 << 63) - 1, 0], [3, 0, 1 << 40],
    [], [1] * 32, [1] * 33, [0] * 32, [2, 3], [6, 1], [1, 6],
]  # fmt: skip


@pytest.mark.parametrize(
    "dtype",
    [
        "bool",
        "int8",
        "int64",
        "float16",
        "float64",
        "complex128",
        "datetime64[ns]",
        "timedelta64[as]",
        "packed",
    ],
)
def test_arrays_of_odd_shapes(data: str, dtype: str) -> None:
    for shape in SHAPES:
        count = int(np.prod([float(length) for length in shape]))
        size = 1 if dtype in ("bool", "int8", "packed") else 2 if dtype == "float16" else 8
        content = bytes(count * (16 if dtype == "complex128" else size))
        name = blake3(content).hexdigest()
        check(requests.put(f"{data}/chunks/{name}", data=content, timeout=TIMEOUT))
        chunks = [{"hash": name, "size": len(content)}] if content else []
        column = {"dtype": dtype, "shape": shape, "chunks": chunks}
        for live in (True, False):
            body = {"name": "odd", "live": live, "columns": {"c": column}}
            made = SESSION.post(data, json=body, timeout=TIMEOUT)
            if not check(made):
                continue
            for extension in EXTENSIONS:
                check(SESSION.get(f"{data}/{made.json()['id']}.{extension}", timeout=TIMEOUT))
            check(SESSION.get(f"{data}/{made.json()['id']}?y=c&pixels=100", timeout=TIMEOUT))
            for form in ("shown", "stored", "manifest"):
                url = f"{data}/columns/{made.json()['columns']['c']['hash']}?form={form}"
                check(SESSION.get(url, timeout=TIMEOUT))


@pytest.mark.parametrize(
    "values",
    [
        [{}], [{"a": {}}], [[{}]], [[], [[]]], [None], [[None]], [1, "a"], [True, 1], [1 << 70], [-(1 << 63)],
        {"values": [1], "dtype": "arrow[month_day_nano_interval]"},
        {"values": ["a"], "dtype": "arrow[string_view]"},
        {"values": ["a"], "dtype": "arrow[binary_view]"},
        {"values": [1], "dtype": "arrow[time64[ns]]"},
        {"values": [1], "dtype": "arrow[fixed_size_list<item: int64>[0]]"},
        {"values": [[]], "dtype": "arrow[fixed_size_list<item: string>[0]]"},
        {"values": ["1"], "dtype": "arrow[decimal256(76, -3)]"},
        {"values": ["1"], "dtype": "arrow[decimal128(99, 0)]"},
        {"values": [1], "dtype": "arrow[dictionary<values=string, indices=int8, ordered=0>]"},
        {"values": [1], "dtype": "arrow[nothing]"},
        {"values": [1], "dtype": "packed"},
        {"values": [float(1 << 80)], "dtype": "int64"},
        {"values": [1 << 80], "dtype": "datetime64[s]"},
        {"values": [10**30], "dtype": "float16"},
        {"values": [[1], [2, 3]], "dtype": "float64"},
        {"values": [[[]]], "dtype": "complex64"},
    ],
)  # fmt: skip
def test_values_of_odd_types(data: str, values: Any) -> None:
    body = {"name": "values", "live": True, "columns": {"c": values}}
    made = SESSION.post(data, json=body, timeout=TIMEOUT)
    if check(made):
        read_everything(data, made.json())
