"""The layering of the code, read from its imports.

Within a service, imports go from `app` to `resources` to the domain to `storage`; services never import each
other. The rules are about folders and about three file names that every service has, so a new module needs no
entry here.
"""

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests import ROOT

PACKAGES = {
    path.name: path
    for pattern in ("services/*/bokeh_*", "libs/*/bokeh_*", "client/bokeh_*", "server/bokeh_*")
    for path in ROOT.glob(pattern)
}
SERVICES = {"bokeh_auth", "bokeh_data", "bokeh_gc", "bokeh_plots", "bokeh_web"}

#: What each package may import of the others.
ALLOWED = {
    **{service: {"bokeh_common"} for service in SERVICES},
    "bokeh_common": set[str](),
    "bokeh_cloud": set[str](),
    "bokeh_cloud_server": {*SERVICES, "bokeh_common", "bokeh_cloud"},
}

#: The libraries of the storage backends, which only bokeh_common imports.
STORAGE_LIBRARIES = {"sqlite3", "redis", "azure"}

#: Where falcon may be imported. The web service consists of pages, so its page and cookie modules may, too.
FALCON = {"app", "resources"}
FALCON_IN_WEB = FALCON | {"pages", "security"}

MAX_MODULES = 16


def module_name(path: Path) -> str:
    """Return the dotted name of a file of a package."""
    package = next(root for root in PACKAGES.values() if path.is_relative_to(root))
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for root in PACKAGES.values() for path in root.rglob("*.py")}


def imported_names(path: Path) -> Iterator[str]:
    """Yield what a file imports anywhere in it, also lazily and for type checking, as dotted names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relatively; imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_modules(path: Path) -> set[str]:
    """Return the modules of our packages that a file imports."""
    found = set()
    for name in imported_names(path):
        while name and name not in MODULES:
            name = name.rpartition(".")[0]
        found.add(name)
    return found - {""}


IMPORTS = {name: imported_modules(path) - {name} for name, path in MODULES.items()}


def part_of(module: str) -> str:
    """Return the folder or file that a module is in: `resources` of `bokeh_data.resources.rows`."""
    return (*module.split("."), "")[1]


def folder_of(module: str) -> str:
    """Return the folder of a module; a module beside the folders of its package stands for itself."""
    return ".".join(module.split(".")[:2])


def assert_no_circle(graph: Mapping[str, set[str]]) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import circle: {' -> '.join(error.args[1])}")


def test_there_are_eight_packages() -> None:
    assert PACKAGES.keys() == ALLOWED.keys()


@pytest.mark.parametrize("name", MODULES)
def test_packages_import_only_what_they_may(name: str) -> None:
    package = name.split(".")[0]
    assert {other.split(".")[0] for other in IMPORTS[name]} - {package} <= ALLOWED[package]


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("bokeh_common.")])
def test_storage_and_http_are_independent(name: str) -> None:
    other = {"storage": "http", "http": "storage"}.get(part_of(name))
    assert not [found for found in IMPORTS[name] if other and part_of(found) == other]


@pytest.mark.parametrize("name", [name for name in MODULES if name.split(".")[0] in SERVICES])
def test_requests_are_read_in_one_order(name: str) -> None:
    package, part = name.split(".")[0], part_of(name)
    external = {found.split(".")[0] for found in imported_names(MODULES[name])}
    parts = {part_of(found) for found in IMPORTS[name] if found.startswith(f"{package}.")}
    falcon = FALCON_IN_WEB if package == "bokeh_web" else FALCON
    assert "falcon" not in external or part in falcon
    assert not external & STORAGE_LIBRARIES
    assert "app" not in parts or part == "__main__"
    assert "resources" not in parts or part in {"app", "resources"}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_imports_itself_through_others(package: str) -> None:
    assert_no_circle({name: found for name, found in IMPORTS.items() if name.split(".")[0] == package})


@pytest.mark.parametrize("package", PACKAGES)
def test_no_two_folders_import_each_other(package: str) -> None:
    graph: dict[str, set[str]] = {}
    for name, found in IMPORTS.items():
        if name.split(".")[0] == package and name != package:
            others = {folder_of(other) for other in found if other.split(".")[0] == package} - {package}
            graph.setdefault(folder_of(name), set()).update(others - {folder_of(name)})
    assert_no_circle(graph)


def test_no_folder_has_more_modules_than_a_reader_can_keep_in_mind() -> None:
    count = Counter(
        str(path.parent.relative_to(ROOT)) for path in MODULES.values() if path.stem != "__init__"
    )
    assert {folder: number for folder, number in count.items() if number > MAX_MODULES} == {}


def test_nothing_but_the_packages_is_installed() -> None:
    installed = {
        name
        for path in [*ROOT.glob("*/pyproject.toml"), *ROOT.glob("*/*/pyproject.toml")]
        for name in tomllib.loads(path.read_text())["tool"]["hatch"]["build"]["include"]
    }
    assert installed == PACKAGES.keys()
