"""CSV as people write it: types, missing values, delimiters, encodings, and errors that name the place."""

import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bokeh_common.errors import Invalid
from bokeh_data.ingest.csv_dialect import DELIMITERS, detect_dialect
from bokeh_data.ingest.table_reader import TableReader, open_table
from bokeh_data.sources.limits import SourceLimits

JULY = dt.datetime(2026, 7, 1)
HALF = dt.timedelta(seconds=0.5)
NAN = float("nan")


def open_text(tmp_path: Path, text: str | bytes, **types: str) -> TableReader:
    path = tmp_path / "file"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return open_table("csv", str(path), SourceLimits(), types)


def columns_of(table: TableReader) -> dict[str, list[Any]]:
    batches = list(table.batches)
    return {name: [v for batch in batches for v in batch[name].to_pylist()] for name in table.schema.names}


VALUES = {
    "integers": ("1\n-20\n0", "int64", [1, -20, 0]),
    "leading zeros": ("00501\n10115", "string", ["00501", "10115"]),
    "telephone numbers": ("+4930123\n5", "string", ["+4930123", "5"]),
    "integers above 2^53": ("9007199254740993\n1", "int64", [2**53 + 1, 1]),
    "integers above 2^63": ("18446744073709551615\n0", "uint64", [2**64 - 1, 0]),
    "integers above 2^64": ("18446744073709551616", "string", [str(2**64)]),
    "large integers with floats": ("9007199254740993\n1.5", "string", ["9007199254740993", "1.5"]),
    "signs": ("-5\n--5", "string", ["-5", "--5"]),
    "floats": ("1.50\n.5\n-1e5\n2.", "double", [1.5, 0.5, -1e5, 2.0]),
    "infinities": ("inf\n-inf\n1", "double", [float("inf"), float("-inf"), 1.0]),
    "numbers that are too large": ("1e999\n1.5", "string", ["1e999", "1.5"]),
    "numbers that are too small": ("1e-999\n0.0e5", "string", ["1e-999", "0.0e5"]),
    "zeros": ("0.0\n-.0e9\n0", "double", [0.0, -0.0, 0.0]),
    "thousands": ('"1,234"\n"5,000"', "string", ["1,234", "5,000"]),
    "underscores": ("1_000", "string", ["1_000"]),
    "booleans": ("true\nFALSE", "bool", [True, False]),
    "dates": ("2026-07-01\n2026-07-02", "date32[day]", [JULY.date(), dt.date(2026, 7, 2)]),
    "times": ("2026-07-01T00:00\n2026-07-01 00:00:00.5", "timestamp[ms]", [JULY, JULY + HALF]),
    "instants": ("2026-07-01T02:00+02:00", "timestamp[s, tz=UTC]", [JULY.replace(tzinfo=ZoneInfo("UTC"))]),
    "times with and without zone": ("2026-07-01T00:00\n2026-07-01T00:00Z", "string", None),
    "NA among numbers": ("1.5\nNA\nN/A\nnull\nNaN", "double", [1.5, NAN, NAN, NAN, NAN]),
    "NA among integers": ("1\nNA", "int64", [1, None]),
    "NA among strings": ("NA\nDE\nnull", "string", ["NA", "DE", "null"]),
    "NA alone": ("NA\nNA", "null", [None, None]),
    "formulas": ("'=a\n''=a\n'a", "string", ["=a", "'=a", "'a"]),
    "signs alone": ("-\n-", "string", ["-", "-"]),
    "an exponent alone": ("e1\n-E-5", "string", ["e1", "-E-5"]),
    "points alone": (".\n-.", "string", [".", "-."]),
    "a comma alone": ('","\n"-,"', "string", [",", "-,"]),
    "a number and a sign": ("1.5\n-", "string", ["1.5", "-"]),
    "a number in a later row": ("x\n" * 3 + "1", "string", ["x", "x", "x", "1"]),
}  # fmt: skip


@pytest.mark.parametrize("case", VALUES)
def test_types_of_values(tmp_path: Path, case: str) -> None:
    text, kind, expected = VALUES[case]
    table = open_text(tmp_path, f"x\n{text}\n")
    assert str(table.schema.field("x").type) == kind
    found = columns_of(table)["x"]
    assert repr(found) == repr(text.split("\n") if expected is None else expected)


def test_the_last_row_can_change_the_type(tmp_path: Path) -> None:
    table = open_text(tmp_path, "x,y\n" + "1,1.5\n" * 1_000_000 + '007,"1,5"\n')
    assert [str(kind) for kind in table.schema.types] == ["string", "string"]
    assert len(columns_of(table)["x"]) == 1_000_001


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a,b\n"1",2\n"3",4\n', {"a": ["1", "3"], "b": [2, 4]}),
        ('"a","b"\n"1","2"\n', {"a": [1], "b": [2]}),
        ('a,b\n"1",""\n,""\n', {"a": ["1", None], "b": ["", ""]}),
        ("a\n1\n\n3\n", {"a": [1, None, 3]}),
        ("a,b\n1,2\n\n3,4\n", {"a": [1, 3], "b": [2, 4]}),
        ('a,b\n"x\ny",1\n"z ""q""",2\n', {"a": ["x\ny", 'z "q"'], "b": [1, 2]}),
    ],
)
def test_quotes_and_empty_lines(tmp_path: Path, text: str, expected: dict[str, Any]) -> None:
    assert columns_of(open_text(tmp_path, text)) == expected


@pytest.mark.parametrize(
    ("text", "expected", "note"),
    [
        ("x;y\n1,5;2\n2,25;3\n", {"x": [1.5, 2.25], "y": [2, 3]}, "semicolons"),
        ("x;y\n1,5;2\n", {"x": [1.5], "y": [2]}, "'x' has decimal commas"),
        ("x;y\n,5;2\n-1,5e3;2\n", {"x": [0.5, -1500.0], "y": [2, 2]}, "'x' has decimal commas"),
        ("x;y\n-;2\n-;3\n", {"x": ["-", "-"], "y": [2, 3]}, "semicolons"),
        ("x;y\n1,234;2\n", {"x": ["1,234"], "y": [2]}, "'x' is text"),
        ("x;y\n0,125;2\n", {"x": [0.125], "y": [2]}, "'x' has decimal commas"),
        ("x;y\n1,5;2\n1.5;2\n", {"x": ["1,5", "1.5"], "y": [2, 2]}, "semicolons"),
        ("x\ty\na, b\t2\nc\t3\n", {"x": ["a, b", "c"], "y": [2, 3]}, "tabs"),
        ("x|y\n1|2\n", {"x": [1], "y": [2]}, "vertical bars"),
        ("zip\n00501\n", {"zip": ["00501"]}, "'zip' is text, since a number would not be written as '00501'"),
        ('a,b\n"1",2\n', {"a": ["1"], "b": [2]}, "'a' is text, since its values are in quotes"),
        ("name,x\nM\u00fcller,1\n".encode("latin-1"), {"name": ["Müller"], "x": [1]}, "windows-1252"),
        (b"name\n\x81\x80\n", {"name": ["\x81€"]}, "windows-1252"),
        ("name,x\nMüller,1\n".encode("utf-16"), {"name": ["Müller"], "x": [1]}, "utf-16"),
        ("name,x\nMuller,1\n".encode("utf-16-le"), {"name": ["Muller"], "x": [1]}, "utf-16-le"),
    ],
)  # fmt: skip
def test_detected_properties_are_noted(
    tmp_path: Path, text: str | bytes, expected: dict[str, Any], note: str
) -> None:
    table = open_text(tmp_path, text)
    assert columns_of(table) == expected
    assert any(note in one for one in table.notes)


def test_there_is_nothing_to_say_about_plain_files(tmp_path: Path) -> None:
    table = open_text(tmp_path, "name,x\nMüller,1.5\n".encode("utf-8-sig"))
    assert (columns_of(table), list(table.notes)) == ({"name": ["Müller"], "x": [1.5]}, [])


def test_given_types(tmp_path: Path) -> None:
    text = "a;b;c;d;e\n1;2;1,5;TRUE;2026-07-01\n"
    table = open_text(tmp_path, text, a="text", b="float", c="float", d="boolean", e="time")
    assert columns_of(table) == {"a": ["1"], "b": [2.0], "c": [1.5], "d": [True], "e": [JULY]}


@pytest.mark.parametrize(
    ("text", "types", "message"),
    [
        ("x,y\n1,2\n3,abc\n", {"y": "integer"}, "Row 2, column 'y': 'abc' is no integer"),
        ("x,y\n" + "1,2\n" * 900_000 + "1,z\n", {"y": "float"}, "Row 900001, column 'y': 'z' is no float"),
        ("x,y\n1,2\n3,4,5\n", {}, "Row 2 has 3 columns instead of 2"),
        ("x\n1\n", {"z": "text"}, "'z', but the file has no such column"),
        ("x,x\n1,2\n", {}, "Two of its columns are called 'x'"),
        ("x\ny\n".encode("utf-16-le"), {}, "too short to tell; save it in UTF-8 with a byte order mark"),
        (b"x\n\0\n", {}, "too short to tell; save it in UTF-8 with a byte order mark"),
        (b"\xff\0\x80" * 40, {}, "NUL bytes, and is not in UTF-8; send text in UTF-8"),
    ],
)
def test_errors_name_row_and_column(
    tmp_path: Path, text: str | bytes, types: dict[str, str], message: str
) -> None:
    with pytest.raises(Invalid, match=message):
        columns_of(open_text(tmp_path, text, **types))


@pytest.mark.parametrize("text", ["x,y\na\0b,1\n", "\ufeffx,y\n\0,1\n"])
def test_nul_may_be_a_character(tmp_path: Path, text: str) -> None:
    table = open_text(tmp_path, text)
    assert columns_of(table) == {"x": [text.split("\n")[1][:-2]], "y": [1]}


@pytest.mark.parametrize("start", ["sep=;\r\n", '"sep=;"\n', "SEP=;\n", "\ufeffsep=;\n"])
def test_a_first_line_may_name_the_delimiter(tmp_path: Path, start: str) -> None:
    table = open_text(tmp_path, start + "a,b;c\n1,5;x\n2,5;y,z\n")
    assert columns_of(table) == {"a,b": [1.5, 2.5], "c": ["x", "y,z"]}


def test_rows_are_counted_from_the_names_on(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="Row 2 has 3 columns instead of 2"):
        columns_of(open_text(tmp_path, "sep=;\na;b\n1;2\n1;2;3\n"))


@pytest.mark.parametrize(
    "number", ["3.14159265358979323846", "-0.0031415926535897932384", "123456789012345678.5"]
)
def test_numbers_with_more_digits_than_a_float_are_noted(tmp_path: Path, number: str) -> None:
    assert "has more digits than a float64" in "".join(open_text(tmp_path, f"a\n{number}\n1.5").notes)
    assert not open_text(tmp_path, "a\n3.1415926535897931\n0.00000000000000000001").notes
    assert columns_of(open_text(tmp_path, f"a\n{number}", a="text")) == {"a": [number]}


def test_each_delimiter_is_detected() -> None:
    assert {detect_dialect(f"a{one}b\n1{one}2\n").delimiter for one in DELIMITERS} == set(DELIMITERS)


@pytest.mark.parametrize(
    ("text", "names"), [("a,b", ["a", "b"]), (",b\n", ["", "b"]), ("a,b,", ["a", "b", ""]), ('""\n', [""])]
)
def test_files_may_have_names_only(tmp_path: Path, text: str, names: list[str]) -> None:
    assert columns_of(open_text(tmp_path, text)) == {name: [] for name in names}


@pytest.mark.parametrize("text", ["", "\n\r\n", "\ufeff"])
def test_files_without_names_are_empty(tmp_path: Path, text: str) -> None:
    with pytest.raises(Invalid, match="It is empty"):
        open_text(tmp_path, text)


def test_names_may_have_characters_that_separate_columns_elsewhere(tmp_path: Path) -> None:
    assert columns_of(open_text(tmp_path, "a;b\n1\n2\n")) == {"a;b": [1, 2]}
    assert columns_of(open_text(tmp_path, "a;b\n")) == {"a": [], "b": []}


@pytest.mark.parametrize("sample", ["a;b\r\n\r\n\r\n1;2,5\r\n\r\n3;4,5\r\n", '\n\na;b\n"1\n\n\n;";2\n3;4\n'])
def test_empty_lines_do_not_hide_the_delimiter(sample: str) -> None:
    assert detect_dialect(sample).delimiter == ";"
