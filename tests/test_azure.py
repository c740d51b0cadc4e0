"""The recipe for Azure: Bicep by its grammar, and of one piece with what the services read.

Neither Azure nor Bicep's own compiler is asked.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_bicep

from bokeh_auth.scopes import SERVICE_SCOPES
from tests.told import told_by_compose

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "deploy/azure"
MAIN, APP = (FOLDER / name for name in ("main.bicep", "app.bicep"))
LANGUAGE = tree_sitter.Language(tree_sitter_bicep.language())


def wrong(text: str) -> list[str]:
    """Return the parts of a text that are no Bicep."""
    tree = tree_sitter.Parser(LANGUAGE).parse(text.encode())
    return [str(node.start_point) for node in nodes(tree.root_node) if node.is_error or node.is_missing]


def nodes(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Yield a node and all below it."""
    yield node
    for child in node.children:
        yield from nodes(child)


def declared(kind: str, path: Path) -> set[str]:
    """Return the names that a file declares: of a `param`, `var`, `resource`, `module` or `output`."""
    return set(re.findall(rf"^{kind} (\w+)", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", [MAIN, APP], ids=lambda path: path.name)
def test_it_is_bicep(path: Path) -> None:
    assert wrong(path.read_text()) == []


def test_the_grammar_refuses_what_is_none() -> None:
    assert wrong("resource x 'y' = {\n  name: \n")


def test_modules_get_the_parameters_that_there_are() -> None:
    known = declared("param", APP)
    needed = {name for name in known if not re.search(rf"^param {name} \w+ =", APP.read_text(), re.MULTILINE)}
    given = re.findall(r"^( *)params: \{\n(.*?)^\1\}", MAIN.read_text(), re.MULTILINE | re.DOTALL)
    assert len(given) == 3
    for indent, text in given:
        names = set(re.findall(rf"^{indent}  (\w+):", text, re.MULTILINE))
        assert needed <= names <= known


def test_what_is_declared_is_used() -> None:
    for path in (MAIN, APP):
        for kind in ("param", "var"):
            for name in declared(kind, path):
                assert len(re.findall(rf"\b{name}\b", path.read_text())) > 1, name


def test_every_service_runs_and_is_told_what_exists() -> None:
    text = MAIN.read_text()
    [services] = re.findall(r"for name in \[(.*?)\]", text)
    assert set(re.findall(r"\w+", services)) == set(SERVICE_SCOPES)
    told = set(re.findall(r"name: '(BOKEH_CLOUD_\w+)'", text))
    for name in SERVICE_SCOPES:
        assert told_by_compose(name) - told == set()
    compose = (ROOT / "compose.yaml").read_text() + (ROOT / "gateway/Caddyfile").read_text()
    for name in told:
        assert name in compose or "SERVICE_TOKEN" in name, name
    assert (FOLDER / re.findall(r"loadTextContent\('(.*?)'\)", text)[0]).is_file()


def test_there_is_no_key_of_the_storage() -> None:
    text = MAIN.read_text()
    assert "allowSharedKeyAccess: false" in text
    assert "allowBlobPublicAccess: false" in text
    assert not re.search(r"AccountKey|storage.*listKeys", text)
    for name in ("serviceTokens", "smtpUrl"):
        assert re.search(rf"@secure\(\)\nparam {name} string\n", text)


def test_the_chapter_gives_the_parameters_that_there_are() -> None:
    given = re.findall(r"(\w+)=", re.findall(r"--parameters (.*?)\n\n", chapter(), re.DOTALL)[0])
    assert {"registryName", "serviceTokens", "smtpUrl"} <= set(given) <= declared("param", MAIN)
    assert {"url"} <= declared("output", MAIN)


def chapter() -> str:
    """Return the text for operators."""
    return (FOLDER / "README.md").read_text()
