"""The Bicep files for Azure are valid by Bicep's grammar and consistent with the settings of the services.

The tests use neither Azure nor Bicep's own compiler.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_bicep

from bokeh_auth.credentials.scopes import SERVICE_SCOPES
from tests import ROOT
from tests.support.compose_environment import variables_set_by_compose

FOLDER = ROOT / "deploy/azure"
MAIN, APP = (FOLDER / name for name in ("main.bicep", "app.bicep"))
SECRETS = {"BOKEH_CLOUD_SERVICE_TOKEN", "BOKEH_CLOUD_SERVICE_TOKENS", "BOKEH_CLOUD_REDIS_LOGIN"}
LANGUAGE = tree_sitter.Language(tree_sitter_bicep.language())


def syntax_errors(text: str) -> list[str]:
    """Return the positions of syntax errors in a Bicep file."""
    tree = tree_sitter.Parser(LANGUAGE).parse(text.encode())
    return [str(node.start_point) for node in nodes(tree.root_node) if node.is_error or node.is_missing]


def nodes(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Yield a node of a syntax tree and all nodes below it."""
    yield node
    for child in node.children:
        yield from nodes(child)


def declared(kind: str, path: Path) -> set[str]:
    """Return the names that a file declares by a keyword (`param`, `var`, `resource`, `module`, `output`)."""
    return set(re.findall(rf"^{kind} (\w+)", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", [MAIN, APP], ids=lambda path: path.name)
def test_files_are_valid_bicep(path: Path) -> None:
    assert syntax_errors(path.read_text()) == []


def test_the_grammar_finds_syntax_errors() -> None:
    assert syntax_errors("resource x 'y' = {\n  name: \n")


def test_modules_get_the_parameters_that_they_declare() -> None:
    known = declared("param", APP)
    needed = {name for name in known if not re.search(rf"^param {name} \w+ =", APP.read_text(), re.MULTILINE)}
    given = re.findall(r"^( *)params: \{\n(.*?)^\1\}", MAIN.read_text(), re.MULTILINE | re.DOTALL)
    assert len(given) == 3
    for indent, text in given:
        names = set(re.findall(rf"^{indent}  (\w+):", text, re.MULTILINE))
        assert needed <= names <= known


def test_every_parameter_and_variable_is_used() -> None:
    for path in (MAIN, APP):
        for kind in ("param", "var"):
            for name in declared(kind, path):
                assert len(re.findall(rf"\b{name}\b", path.read_text())) > 1, name


def test_every_service_runs_with_known_settings() -> None:
    text = MAIN.read_text()
    [services] = re.findall(r"for name in \[(.*?)\]", text)
    assert set(re.findall(r"\w+", services)) == set(SERVICE_SCOPES)
    variables = set(re.findall(r"name: '(BOKEH_CLOUD_\w+)'", text))
    for name in SERVICE_SCOPES:
        assert variables_set_by_compose(name) - variables == set()
    compose = (ROOT / "compose.yaml").read_text() + (ROOT / "gateway/Caddyfile").read_text()
    for name in variables:
        assert name in compose or name in SECRETS, name
    assert (FOLDER / re.findall(r"loadTextContent\('(.*?)'\)", text)[0]).is_file()


def test_the_storage_is_used_without_account_keys() -> None:
    text = MAIN.read_text()
    assert "allowSharedKeyAccess: false" in text
    assert "allowBlobPublicAccess: false" in text
    assert not re.search(r"AccountKey|storage.*listKeys", text)
    for name in ("serviceTokens", "redisLogins", "redisUsers", "smtpUrl"):
        assert re.search(rf"@secure\(\)\nparam {name} string\n", text)


def test_redis_and_all_services_use_its_users() -> None:
    text = MAIN.read_text()
    assert re.search(r"'--aclfile', '/run/secrets/users.acl'", text)
    assert text.count("'redis-login'") == 3  # the setting, the services, and the garbage collector
    assert re.search(r"files: \[\{ secretRef: 'users', path: 'users.acl' \}\]", text)


def test_the_readme_passes_declared_parameters() -> None:
    readme = (FOLDER / "README.md").read_text()
    given = re.findall(r"(\w+)=", re.findall(r"--parameters (.*?)\n\n", readme, re.DOTALL)[0])
    required = {"registryName", "serviceTokens", "redisLogins", "redisUsers", "smtpUrl"}
    assert required <= set(given) <= declared("param", MAIN)
    assert {"url"} <= declared("output", MAIN)
