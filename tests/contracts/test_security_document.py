"""Tests that docs/security.md names exist, and every requirement that is met is shown by something."""

import ast
import re

import pytest

from tests import ROOT

FOLDERS = ("tests", "libs", "services", "client", "server")
ROW = re.compile(r"^\| (\d+\.\d+\.\d+\S*) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
TEXT = (ROOT / "docs/security.md").read_text()
ROWS = ROW.findall(TEXT)
NAMED = sorted(set(re.findall(r"`(test_\w+)`", TEXT)))
CHAPTERS = 14  # of the standard


def names_of_tests() -> set[str]:
    """Return the names of all tests."""
    names = set()
    for path in (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        if path.name.startswith(("test_", "check_")):
            nodes = ast.walk(ast.parse(path.read_text()))
            names |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return names


def test_the_tests_that_the_document_names_exist() -> None:
    assert len(NAMED) > 50
    assert set(NAMED) - names_of_tests() == set()


def test_all_chapters_of_the_standard_are_covered() -> None:
    assert {int(number.split(".")[0]) for number, *_ in ROWS} == {*range(1, CHAPTERS + 1)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[3]}")
def test_each_requirement_has_a_state_and_what_shows_it(row: tuple[str, str, str, str]) -> None:
    number, _, state, shown = row
    assert state in {"met", "partly", "not met", "n/a"}
    assert shown != "—" or state != "met", "a test or a document shows what is met"
    assert state in {"met", "n/a"} or f"* {number}: " in TEXT or shown != "—", "a note says what is missing"
