"""Files that `data put` stores: formats, what is detected, and that what `data get` writes is read back."""

import gzip
import io
import json
import math
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bokeh_cloud
from bokeh_cloud.data.sources import RemoteDataSource
from bokeh_cloud.data.table_files import write_table
from tests.client.command import run

CSV = b"zip,x\n00501,1.5\n10115,\n"
ROWS = {"zip": ["00501", "10115"], "x": [1.5, None]}
TABLE = pa.table({"zip": ["00501", "10115"], "x": [1.5, math.nan]})


def parquet() -> bytes:
    sink = io.BytesIO()
    pa.parquet.write_table(TABLE, sink)
    return sink.getvalue()


def arrow(make_writer: Any) -> bytes:
    sink = io.BytesIO()
    with make_writer(sink, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return sink.getvalue()


SHEET = """<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row><c t="inlineStr"><is><t>zip</t></is></c><c t="inlineStr"><is><t>count</t></is></c>
<c t="inlineStr"><is><t>volt</t></is></c><c t="inlineStr"><is><t>day</t></is></c></row>
<row><c t="inlineStr"><is><t>00501</t></is></c>
<c><v>1</v></c><c><v>0.5</v></c><c s="1"><v>46204</v></c></row>
<row><c t="inlineStr"><is><t>10115</t></is></c>
<c><v>2</v></c><c><v>1.25</v></c><c s="1"><v>46205</v></c></row>
</sheetData></worksheet>"""
WORKBOOK = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
    '<sheet name="One" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/styles.xml": '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs>'
    '<xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
    "xl/worksheets/sheet1.xml": SHEET,
}


def write_excel(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as workbook:
        for name, text in WORKBOOK.items():
            workbook.writestr(name, text)
    return path


FILES = {
    "a.csv": CSV,
    "a.CSV": CSV,
    "a.csv.gz": gzip.compress(CSV),
    "a.csv.zst": zstd.compress(CSV),
    "a.tsv": CSV.replace(b",", b"\t"),
    "a.txt": CSV.replace(b",", b";").replace(b"1.5", b"1,5"),
    "a.jsonl": b'{"zip": "00501", "x": 1.5}\n{"zip": "10115"}\n',
    "a.ndjson": b'{"zip": "00501", "x": 1.5}\n\n{"zip": "10115", "x": null}',
    "a.json": b'[{"zip": "00501", "x": 1.5}, {"zip": "10115", "x": null}]',
    "a.parquet": parquet(),
    "a.arrow": arrow(pa.ipc.new_file),
    "b.arrow": arrow(pa.ipc.new_stream),
    "a.feather": arrow(pa.ipc.new_file),
}


@pytest.mark.parametrize("name", FILES)
def test_formats(server: bokeh_cloud.Server, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(FILES[name])
    source = server.put(tmp_path / name, f"format {name}")
    found = source.to_pandas()
    assert found["zip"].tolist() == ROWS["zip"]
    assert found["x"][0] == 1.5
    assert pd.isna(found["x"][1])


def test_excel(server: bokeh_cloud.Server, tmp_path: Path) -> None:
    source = server.put(write_excel(tmp_path / "sheet.xlsx"))
    found = source.to_pandas()
    assert source.name == "sheet"
    assert found["zip"].tolist() == ["00501", "10115"]
    assert found["count"].tolist() == [1, 2]
    assert found["volt"].tolist() == [0.5, 1.25]
    assert found["day"].dt.strftime("%F").tolist() == ["2026-07-01", "2026-07-02"]


def test_what_is_detected_is_printed(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes("plz;ort\n00501;Köln\n".encode("latin-1"))
    done = run("data", "put", str(tmp_path / "notes.txt"))
    assert "Columns are separated by semicolons." in done.stderr
    assert "encoded in windows-1252" in done.stderr
    assert "Column 'plz' is text" in done.stderr


def test_a_dry_run_stores_nothing(server: bokeh_cloud.Server, tmp_path: Path) -> None:
    (tmp_path / "dry.csv").write_bytes(CSV)
    done = run("data", "put", str(tmp_path / "dry.csv"), "--dry-run", "--type", "x=text")
    assert done.stdout.splitlines() == ["2 rows", "zip\tstring\t00501, 10115", "x\tstring\t1.5,"]
    assert "dry" not in [source.name for source in server.data()]
    found = server.preview(tmp_path / "dry.csv")
    assert (found["rows"], found["types"]) == (2, {"zip": "string", "x": "double"})


def test_appended_rows_have_the_types_of_the_source(server: bokeh_cloud.Server, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV)
    server.put(tmp_path / "a.csv", "appended")
    (tmp_path / "a.csv").write_text("zip,x\n10115,3\n20095,\n")
    source = server.put(tmp_path / "a.csv", "appended", append=True, rollover=3)
    assert source.to_pandas()["zip"].tolist() == ["10115", "10115", "20095"]
    assert source.columns()["x"].dtype == "float64"
    (tmp_path / "a.csv").write_text("zip,x\n1,two\n")
    with pytest.raises(bokeh_cloud.CloudError, match="Row 1, column 'x': 'two' is no float"):
        server.put(tmp_path / "a.csv", "appended", append=True)


def test_update_keeps_other_columns(server: bokeh_cloud.Server, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV)
    server.put(tmp_path / "a.csv", "updated")
    (tmp_path / "a.csv").write_text("x,y\n7,8\n9,10\n")
    source = server.put(tmp_path / "a.csv", "updated", update=True, types={"y": "text"})
    found = source.to_pandas()
    assert {name: found[name].tolist() for name in found} == {
        "zip": ["00501", "10115"], "x": [7, 9], "y": ["8", "10"],
    }  # fmt: skip
    assert source.version == 2


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"", "is empty"),
        ("a.parquet", b"PAR1", "cannot be read"),
        ("a.csv", b"a,b\n1,2\n3\n", r"a\.csv cannot be read: Row 2 has 1 columns instead of 2"),
        ("a.jsonl", b'{"a": 1}\n{"a"', "Row 2 is not JSON"),
        ("a.json", b'[{"a": 1}, {"a": "x"}]', "Row 2, column 'a': 'x' has another type"),
        ("a.xlsx", b"PK", "cannot be read"),
        ("a.csv.gz", CSV, "Content-Encoding"),
    ],
)
def test_errors(server: bokeh_cloud.Server, tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(bokeh_cloud.CloudError, match=message):
        server.put(tmp_path / name, "bad file")
    assert "bad file" not in [source.name for source in server.data()]


CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])
TEXT = st.one_of(
    st.text(CHARACTERS, max_size=8),
    st.sampled_from(["", "NA", "null", "00501", "1", "1.5", "true", "2026-01-01",
                     "=a", "'=a", "''-", "a\nb", '"']),
)  # fmt: skip
TIMES = st.datetimes(min_value=datetime(1700, 1, 1), max_value=datetime(2200, 1, 1))
DURATIONS = st.timedeltas(-timedelta(10**5), timedelta(10**5))
DECIMALS = st.decimals(-(10**18), 10**18, places=3)
COLUMNS = {
    "text": st.one_of(st.none(), TEXT),
    "integer": st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
    "float": st.floats(),
    "boolean": st.booleans(),
    "time": TIMES,
    "instant": st.one_of(st.none(), TIMES.map(lambda time: time.replace(tzinfo=ZoneInfo("Europe/Zurich")))),
    "day": st.one_of(st.none(), st.dates()),
    "duration": st.one_of(st.none(), DURATIONS),
    "bytes": st.one_of(st.none(), st.binary(max_size=3)),
    "digits": st.one_of(st.none(), DECIMALS),
    "list": st.one_of(st.none(), st.lists(st.one_of(st.none(), TEXT), max_size=2)),
    "category": st.one_of(st.none(), st.sampled_from(["a", "b"])),
    "fields": st.one_of(
        st.none(),
        st.fixed_dictionaries(
            {
                "a, b": st.binary(max_size=2),
                "digits": DECIMALS,
                "time": TIMES,
                "duration": DURATIONS,
                "list": st.lists(st.floats(allow_nan=False), max_size=2),
            }
        ),
    ),
    "": st.integers(-5, 5),
}
KINDS = {
    "text": pa.string(), "integer": pa.int64(), "float": pa.float64(), "boolean": pa.bool_(),
    "time": pa.timestamp("us"), "instant": pa.timestamp("us", "Europe/Zurich"), "day": pa.date32(),
    "duration": pa.duration("us"), "bytes": pa.binary(), "digits": pa.decimal128(25, 3),
    "list": pa.list_(pa.string()), "category": pa.dictionary(pa.int8(), pa.string()), "": pa.int64(),
    "fields": pa.struct({
        "a, b": pa.binary(), "digits": pa.decimal128(25, 3), "time": pa.timestamp("us"),
        "duration": pa.duration("us"), "list": pa.list_(pa.float64()),
    }.items()),
}  # fmt: skip
#: What CSV has for values of some columns; they are read so.
IN_CSV: dict[str, Callable[[Any], Any]] = {
    "duration": lambda value: value // timedelta(microseconds=1),
    "bytes": bytes.hex,
    "digits": float,
    "list": json.dumps,
}
FRAMES = st.lists(st.tuples(*COLUMNS.values()), min_size=1, max_size=20).map(
    lambda rows: pa.table({
        name: pa.array([row[i] for row in rows], KINDS[name]) for i, name in enumerate(COLUMNS)
    })
)  # fmt: skip


def written(source: RemoteDataSource, form: str) -> bytes:
    """Return what `data get` writes."""
    if form != "feather":
        return source.answer(form, []).content
    sink = io.BytesIO()
    write_table(source.to_arrow(), sink, form)
    return sink.getvalue()


def same(found: Any, expected: Any) -> bool:
    return bool(found == expected) or (is_missing(found) and is_missing(expected))


def is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


@settings(max_examples=8, suppress_health_check=list(HealthCheck), deadline=None)
@given(table=FRAMES)
def test_what_get_writes_put_reads_back(server: bokeh_cloud.Server, tmp_path: Path, table: pa.Table) -> None:
    source = server.DataSource("round trip", {name: table[name] for name in table.column_names})
    source_table = source.to_arrow()
    for form in ("csv", "json", "parquet", "arrow", "feather"):
        file = tmp_path / f"back.{form}"
        file.write_bytes(written(source, form))
        back = server.put(file, f"back {form}").to_arrow()
        assert back.column_names == table.column_names
        for name in table.column_names:
            found, expected = back[name].to_pylist(), source_table[name].to_pylist()
            if form == "csv" and name in IN_CSV:
                expected = [value if value is None else IN_CSV[name](value) for value in expected]
            if form == "csv" and name == "fields":
                continue  # JSON text, as lists
            assert len(found) == len(expected)
            assert all(map(same, found, expected)), (form, name, found, expected)
    source.delete()
