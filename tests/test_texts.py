"""What the texts for people refer to is there."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HIDDEN = re.compile(r"(^|/)\.")
TEXTS = [path for path in ROOT.rglob("*.md") if not HIDDEN.search(str(path.relative_to(ROOT)))]
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(text: Path) -> None:
    links = LINK.findall(text.read_text())
    assert [link for link in links if not (text.parent / link).exists()] == []


def test_readme_links_to_every_page_for_people() -> None:
    linked = {(ROOT / link).resolve() for link in LINK.findall((ROOT / "README.md").read_text())}
    pages = {path for path in TEXTS if path.parent in {ROOT, ROOT / "deploy"}} - {ROOT / "README.md"}
    assert pages - linked == set()


def test_decisions_are_numbered_in_their_order() -> None:
    numbers = re.findall(r"^(\d+)\. \*\*\d{4}-", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))


def test_make_help_lists_what_readme_names() -> None:
    named = set(re.findall(r"`?make ([a-z-]+)", (ROOT / "README.md").read_text()))
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert named >= {"run", "test", "help"}
    assert named - {line.split()[0] for line in listed.splitlines()} == set()
