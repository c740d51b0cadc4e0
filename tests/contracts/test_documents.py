"""Documents refer to files, modules, links and commands that exist."""

import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests import ROOT

HIDDEN = re.compile(r"(^|/)\.")
DOCUMENTS = [path for path in ROOT.rglob("*.md") if not HIDDEN.search(str(path.relative_to(ROOT)))]
#: Documents whose paths in backticks are those of the repository.
DEVELOPER_DOCUMENTS = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "GLOSSARY.md", "SECURITY.md")),
]

#: Paths that do not exist, and why a document names them.
EXAMPLES = {"tests/fixtures/storage/v4": "the folder that the next change of a stored format adds"}

FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
IN_BACKTICKS = re.compile(r"`([^`\s]+)`")
MODULE = re.compile(r"bokeh_\w+(\.\w+)+")
SUFFIXES = (".py", ".js", ".ts", ".md", ".html", ".toml", ".yaml", ".yml", ".bicep", ".txt")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document: Path) -> None:
    links = LINK.findall(document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def tracked_paths() -> list[str]:
    """Return the files of the repository and their folders, each with a slash before it."""
    run = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    folders = {str(folder) for file in files for folder in Path(file).parents}
    return [f"/{path}" for path in {*files, *folders}]


PATHS = tracked_paths()
TOP_FOLDERS = {path.split("/")[1] for path in PATHS if path.count("/") > 1}


def is_path(text: str) -> bool:
    """Tell whether a text in backticks is a path of the repository, not a route or a storage key."""
    if text.startswith(("/", ".")) or "{" in text or "://" in text:
        return False
    return text.endswith(SUFFIXES) or ("/" in text and text.split("/")[0] in TOP_FOLDERS)


def exists(path: str) -> bool:
    """Tell whether the repository has a path, or one that ends with it; `<name>` stands for any name."""
    pattern = "*/" + re.sub(r"<\w+>", "*", path.rstrip("/"))
    return any(fnmatch(existing, pattern) for existing in PATHS)


def module_exists(name: str) -> bool:
    """Tell whether there is a module of a dotted name, or one that has the last part of the name."""
    path, _, attribute = name.replace(".", "/").rpartition("/")
    if any(exists(f"{name.replace('.', '/')}{end}") for end in (".py", "/__init__.py")):
        return True
    sources = [ROOT / found[1:] for found in PATHS if found.endswith(f"/{path}.py")]
    return any(re.search(rf"\b{attribute}\b", source.read_text()) for source in sources)


@pytest.mark.parametrize("document", DEVELOPER_DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_paths_and_modules_exist(document: Path) -> None:
    quoted = IN_BACKTICKS.findall(FENCED.sub("", document.read_text()))
    missing = [text for text in quoted if is_path(text) and text not in EXAMPLES and not exists(text)]
    missing += [text for text in quoted if MODULE.fullmatch(text) and not module_exists(text)]
    assert missing == []


def test_missing_paths_and_modules_are_found() -> None:
    assert is_path("tests/contracts/test_layers.py")
    assert exists("contracts/test_layers.py")
    assert exists("bokeh_<service>/settings.py")
    assert exists("services/*/tests")
    assert not exists("contracts/layers.py")
    assert not is_path("/plots/{plot}/show")
    assert module_exists("bokeh_common.storage.interfaces.RecordStore")
    assert not module_exists("bokeh_common.storage.nothing")
    assert not [path for path in EXAMPLES if exists(path)]


def test_the_readme_links_to_every_document() -> None:
    linked = {(ROOT / link).resolve() for link in LINK.findall((ROOT / "README.md").read_text())}
    folders = {ROOT, ROOT / "deploy", ROOT / "docs"}
    pages = {path for path in DOCUMENTS if path.parent in folders} - {ROOT / "README.md"}
    assert pages - linked == set()


def test_decisions_are_numbered_in_order() -> None:
    folder = ROOT / "docs" / "decisions"
    names = sorted(path.name for path in folder.glob("*.md") if path.name != "README.md")
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert LINK.findall((folder / "README.md").read_text()) == names


def test_decisions_have_all_sections() -> None:
    sections = ["Context", "Decision", "Consequences", "Status"]
    for path in sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")):
        text = path.read_text()
        assert re.findall("^## (.*)$", text, re.MULTILINE) == sections, path
        assert re.match(rf"# {int(path.name[:4])}\. ", text), path


def test_make_help_lists_the_targets_that_the_readme_names() -> None:
    named = set(re.findall(r"`?make ([a-z-]+)", (ROOT / "README.md").read_text()))
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert named >= {"run", "test", "help"}
    assert named - {line.split()[0] for line in listed.splitlines()} == set()
