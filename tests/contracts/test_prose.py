"""The vocabulary of the project, and the layout of its documents."""

import re
import subprocess
from pathlib import Path

import pytest

from tests import ROOT

GLOSSARY = ROOT / "GLOSSARY.md"
MAX_LINE = 120
MAX_DECISION_LINE = 100
MAX_ARCHITECTURE_LINES = 150

#: Vendored files, stored bytes, programs as users write them, and the list of retired words itself.
EXCLUDED = (
    "/vendor/",
    "tests/fixtures/",
    "tests/client/scripts/",
    "GLOSSARY.md",
    "LICENSE",
    "constraints.txt",
)
SUFFIXES = {".py", ".md", ".js", ".ts", ".css", ".html", ".txt", ".toml", ".yaml", ".yml", ".bicep", ""}


def tracked_files(excluded: tuple[str, ...] = EXCLUDED) -> list[Path]:
    """Return the text files of the project that have prose or code of ours."""
    run = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    paths = [ROOT / name for name in names if not any(part in f"/{name}" for part in excluded)]
    return [path for path in paths if path.suffix in SUFFIXES and path.is_file()]


def retired_words() -> list[str]:
    """Return the left column of the glossary's table of retired words."""
    table = GLOSSARY.read_text().partition("| retired word | use |")[2]
    return re.findall(r"^\| ([^|-][^|]*?) \|", table, re.MULTILINE)


FILES = tracked_files()
WORDS = retired_words()
SETTING = re.compile(r"BOKEH_CLOUD_[A-Z_]+")
RETIRED = re.compile(rf"\b({'|'.join(map(re.escape, WORDS))})\b", re.IGNORECASE)


def words_of(line: str) -> str:
    """Return a line without names of settings, which stay, and the words in its identifiers."""
    line = SETTING.sub("", line)
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", line).replace("_", " ")
    return f"{line} {apart}"


def test_retired_words_are_found_in_identifiers() -> None:
    assert len(WORDS) > 30
    assert not RETIRED.search(words_of("a keyspace of the credential store"))
    word = WORDS[0]
    assert RETIRED.search(words_of(f"class {word.capitalize()}Store"))
    assert RETIRED.search(words_of(f"def new_{word}() -> None"))
    assert not RETIRED.search(words_of(f"BOKEH_CLOUD_{word.upper()}_BYTES"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_retired_word_is_used(path: Path) -> None:
    lines = enumerate(path.read_text().splitlines(), 1)
    found = [f"{number}: {line.strip()[:90]}" for number, line in lines if RETIRED.search(words_of(line))]
    assert found == [], "see the last section of GLOSSARY.md"


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".md"], ids=lambda path: path.name)
def test_lines_of_documents_are_short(path: Path) -> None:
    limit = MAX_DECISION_LINE if "decisions" in path.parts else MAX_LINE
    too_long = [line for line in path.read_text().splitlines() if len(line) > limit]
    assert [line for line in too_long if not line.startswith("|")] == []


def test_the_architecture_is_short() -> None:
    assert len((ROOT / "docs/architecture.md").read_text().splitlines()) <= MAX_ARCHITECTURE_LINES
