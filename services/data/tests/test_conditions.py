"""Parsing conditions, names of columns and times."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bokeh_common.errors import Invalid
from bokeh_data.columns.names import resolve_names, split_names
from bokeh_data.columns.times import parse_time
from bokeh_data.conditions.expression import AllOf, AnyOf, Condition, Expression, fold, resolve_columns
from bokeh_data.conditions.parser import MAX_CONDITIONS, MAX_WORDS, parse_condition, parse_conditions

A, B, C = (f"{name} = 1" for name in "abc")


def evaluate(expression: Expression[Condition], true: set[str]) -> bool:
    """Return whether an expression of conditions `name = 1` and `name != 1` is true."""
    return fold(expression, lambda one: (one.column in true) == (one.op == "="), all, any)


@pytest.mark.parametrize(
    ("text", "python"),
    [
        (f"{A} or {B} and {C}", "a or b and c"),
        (f"({A} or {B}) and {C}", "(a or b) and c"),
        (f"not {A} and {B}", "not a and b"),
        (f"NOT ({A} Or {B} AND NOT {C})", "not (a or b and not c)"),
        (f"not not {A} and (({B}))", "a and b"),
        ("a <> 1 or b != 1", "not a or not b"),
        ("a == 1 and not c<>1", "a and c"),
    ],
)
def test_conditions_are_combined_as_in_sql(text: str, python: str) -> None:
    found = parse_condition(text)
    for number in range(8):
        true = {name for i, name in enumerate("abc") if number >> i & 1}
        assert evaluate(found, true) == eval(python, {name: name in true for name in "abc"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x not between 1 and 2", AnyOf((Condition("x", "<", ("1",)), Condition("x", ">", ("2",))))),
        ("x between 1 and 2", AllOf((Condition("x", ">=", ("1",)), Condition("x", "<=", ("2",))))),
        ("not x is null", Condition("x", "is not", ())),
        ("x not in ('a''b', \"c\")", Condition("x", "not in", ("a'b", "c"))),
        ("x in ()", Condition("x", "in", ())),
        ("x not like 'a%'", Condition("x", "not like", ("a%",))),
        ("not x contains ' and '", Condition("x", "not contains", (" and ",))),
        ("living  area = 2026-01-01 12:00", Condition("living  area", "=", ("2026-01-01 12:00",))),
        ('"is ""it"" null"=-1e5', Condition('is "it" null', "=", ("-1e5",))),
        ("größe>=3", Condition("größe", ">=", ("3",))),
        ("x = ''", Condition("x", "=", ("",))),
    ],
)
def test_conditions_are_parsed(text: str, expected: Expression[Condition]) -> None:
    assert parse_condition(text) == expected


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 0, "name"), ("x", 1, "not a condition"), ("x =", 3, "value"), ("x = = 1", 4, "value"),
        ("x === 1", 4, "value"), ("x =! 1", 3, "quotes"), ("x =< 1", 3, "value"), ("x = 1 > 2", 6, "'and'"),
        ("x = a && y = b", 6, "quotes"), ("x = a;", 5, "quotes"), ("x = a -- b", 6, "comments"),
        ("x = 2*3", 5, "quotes"), ("x = [1]", 4, "quotes"), ("x = O'Brien", 5, "no end"),
        ("x = 'a' b", 8, "'and'"), ("x = null", 4, "is null"), ("x in (null)", 6, "is null"),
        ("x is 3", 5, "is null"), ("x between 3", 11, "between a and b"), ("x in 3", 5, "parentheses"),
        ("x in (1", 7, "comma"), ("(x = 1", 6, "closing"), ("x = 1)", 5, "'and'"), ("and x = 1", 0, "name"),
        ("'x' = 1", 0, "double quotes"), ("lower(x) = a", 5, "not a condition"), ("`x` = 1", 0, "quotes"),
        ("x = 1 and", 9, "name"), ("x not = 1", 6, "not a condition"), ("x = a,b", 5, "'and'"),
        ("(" * 51 + "x = 1", 51, "nested"), ("x = 1 and " * 100 + "y = 1", 1000, "at most 100"),
    ],
)  # fmt: skip
def test_everything_else_is_rejected_with_its_place(text: str, position: int, reason: str) -> None:
    with pytest.raises(Invalid, match=reason) as caught:
        parse_condition(text)
    assert caught.value.members["position"] == position
    assert "»" in str(caught.value)


def test_the_number_of_conditions_is_limited() -> None:
    assert parse_conditions([]) is None
    assert parse_conditions(["x = 1"] * MAX_CONDITIONS) is not None
    for conditions in (["x = 1"] * (MAX_CONDITIONS + 1), ["x between 1 and 2"] * MAX_CONDITIONS):
        with pytest.raises(Invalid, match="at most 100"):
            parse_conditions(conditions)


def test_columns_are_not_compared_with_columns() -> None:
    with pytest.raises(Invalid, match="'end' is a column"):
        resolve_columns(parse_condition("start = end"), ["start", "end"])
    quoted = parse_condition("start = 'end' or start = 5")
    assert resolve_columns(quoted, ["start", "end", "5"]) == quoted


NAMES = st.lists(st.text(st.sampled_from('ab",é\u0301 '), max_size=5))


@given(NAMES)
def test_lists_of_names(names: list[str]) -> None:
    assert split_names(",".join('"' + name.replace('"', '""') + '"' for name in names)) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [("a,b", ["a", "b"]), ("a, b,", ["a", " b"]), ('5" x,"a, b",""', ['5" x', "a, b", ""]), ("", [])],
)
def test_names_without_quotes(text: str, names: list[str]) -> None:
    assert split_names(text) == names


@pytest.mark.parametrize("text", ['"a', '"a"b', '"a""', 'b,"'])
def test_quotation_marks_of_names_must_match(text: str) -> None:
    with pytest.raises(Invalid, match="double quote"):
        split_names(text)


def test_names_are_found_in_any_normal_form() -> None:
    known = ["e\u0301", "\u00b5", "x²", "x2"]
    assert resolve_names(["é", "\u03bc", "x2", "z"], known) == ["e\u0301", "\u00b5", "x2", "z"]
    assert resolve_names(["\u1e69"], ["s\u0323\u0307", "s\u0307\u0323"]) == [
        "\u1e69"
    ]  # it may be either of two


@pytest.mark.parametrize(
    ("text", "unit", "zone", "expected"),
    [
        ("1970-01-02", "s", None, 86400),
        ("1970-01-01T01:00", "m", None, 60),
        ("1970-01-01 00:00:00.5Z", "ms", None, 500),
        ("1970-01-01T00:00:00.5", "s", None, Fraction(1, 2)),
        ("1970-01-01T02:00+02:00", "s", None, 0),
        ("1970-01-01T01:00", "s", "Europe/Zurich", 0),
        ("2026-07-01T12:00", "s", "Europe/Zurich", 1782900000),
        ("2026-07-01T12:00", "s", "+02:00", 1782900000),
        ("2026-07-01T10:00Z", "s", "Europe/Zurich", 1782900000),
        ("2026-07-01T10:00+00", "s", "Europe/Zurich", 1782900000),
        ("2026-10-25T02:30", "s", "Europe/Zurich", 1792888200),  # the first of two
        ("1970-01-02", "h", "-06:30", Fraction(61, 2)),
        ("9999-12-31T00:00:00.000000001", "ns", None, 253402214400 * 10**9 + 1),
        ("1970-03", "M", None, 2),
        ("1970-03-02", "M", None, Fraction(5, 2)),
    ],
)
def test_times(text: str, unit: str, zone: str | None, expected: Any) -> None:
    assert parse_time(text, unit, zone) == expected


@pytest.mark.parametrize(
    "text",
    ["", "now", "today", "NaT", "soon", "2026-13-01", "2026-01T", "1" * 60000, "2026" + " " * 60000],
)
def test_other_times_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_time(text, "s", None)


def test_an_unknown_time_zone_is_rejected() -> None:
    assert parse_time("1970-01-01T00:00Z", "s", "Mars/Base") == 0
    with pytest.raises(Invalid, match="offset"):
        parse_time("1970-01-01T00:00", "s", "Mars/Base")


def test_the_words_of_a_name_without_quotes_are_limited() -> None:
    """No name of a column has more; so that reading them takes little time."""
    words = "a " * (MAX_WORDS - 1)
    assert parse_conditions([f"{words}a = 1"])
    with pytest.raises(Invalid, match="More than 8192 words must be in quotes"):
        parse_conditions([f"a {words}a = 1"])
    assert parse_conditions([f'"a {words}a" = 1'])
