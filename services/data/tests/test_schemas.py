"""The schemas of bodies: what they reject before the domain gets it."""

from typing import Any

import pytest

from bokeh_common.errors import Invalid
from bokeh_common.http.request_body import convert_body
from bokeh_data.resources.schemas.columns import ChunkHashes
from bokeh_data.resources.schemas.sources import KeptVersions, NewRows, NewSource, NewSourceVersion

VALID = {"name": "s", "columns": {}}


def test_what_is_left_out_has_a_default() -> None:
    body = convert_body(VALID, NewSource)
    assert (body.live, body.keep) == (False, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": None},
        {"name": 3},
        {"columns": None},
        {"columns": []},
        {"columns": "x"},
        {"live": 1},
        {"live": "yes"},
        {"id": "x"},
        {"id": 1},
        {"version": 0},
        {"version": True},
        {"version": 1e3},
        {"keep": 3},
        {"keep": {"versions": 0}},
        {"keep": {"versions": True}},
        {"keep": {"days": -1}},
        {"keep": {"days": True}},
        {"keep": {"weeks": 1}},
    ],
    ids=str,
)
def test_invalid_sources_are_rejected(wrong: dict[str, Any]) -> None:
    for schema in (NewSource, NewSourceVersion):
        if ("live" in wrong and schema is NewSourceVersion) or ("id" in wrong and schema is NewSourceVersion):
            continue
        with pytest.raises(Invalid, match="is not valid"):
            convert_body({**VALID, **wrong}, schema)


@pytest.mark.parametrize("missing", VALID)
def test_name_and_columns_of_a_new_source_are_required(missing: str) -> None:
    with pytest.raises(Invalid, match=missing):
        convert_body({name: value for name, value in VALID.items() if name != missing}, NewSource)


def test_days_are_kept_as_they_are_written() -> None:
    assert [convert_body({"days": days}, KeptVersions).days for days in (5, 0.5, None)] == [5, 0.5, None]


@pytest.mark.parametrize(
    "wrong", [{}, {"rows": []}, {"rows": {}, "rollover": 0}, {"rows": {}, "rollover": 1.5}, []]
)
def test_invalid_rows_are_rejected(wrong: Any) -> None:
    with pytest.raises(Invalid):
        convert_body(wrong, NewRows)


@pytest.mark.parametrize("wrong", [{}, {"chunks": "x"}, {"chunks": ["x"]}, {"chunks": [None]}, []])
def test_invalid_hashes_are_rejected(wrong: Any) -> None:
    with pytest.raises(Invalid):
        convert_body(wrong, ChunkHashes)
