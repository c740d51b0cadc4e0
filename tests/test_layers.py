"""The order in which a request is read, and who may import whom, kept true by looking at the imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"bokeh_auth", "bokeh_cloud", "bokeh_common", "bokeh_data", "bokeh_gc", "bokeh_plots", "bokeh_web"}
SERVICES = OURS - {"bokeh_cloud", "bokeh_common"}
PLACES = ("services/*/bokeh_*/**/*.py", "libs/**/*.py", "client/**/*.py")
FILES = [path for place in PLACES for path in ROOT.glob(place) if "tests" not in path.parts]

#: What a room of a service must not import: the rooms before it, and the web framework behind `resources`.
FORBIDDEN = {
    "resources": {"app"},
    "records": {"app", "resources", "falcon"},
    "settings": {"app", "resources", "records", "falcon"},
    "peers": {"app", "resources", "records", "falcon"},
}

#: The rooms that know the web framework; all others are the domain.
WEB_ROOMS = {
    "account", "acts", "app", "cookies", "docs", "forms", "graph_resources", "internal", "mistakes", "pages",
    "resources", "share_resources", "visit_resources",
}  # fmt: skip


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def package_of(path: Path) -> str:
    return next(part for part in path.parts if part in OURS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports(path: Path) -> None:
    package, found = package_of(path), set(imports(path))
    ours = {name.split(".")[0] for name in found} & OURS - {package}
    allowed = {"bokeh_common"} if package in SERVICES else set()
    assert ours <= allowed, "services import the library alone; library and client import none of ours"
    if package == "bokeh_common":
        rooms = {"storage", "http"} & set(path.parts)
        others = {f"bokeh_common.{room}" for room in {"storage", "http"} - rooms} if rooms else set()
        assert not {name for name in found for other in others if name.startswith(other)}
    if package in SERVICES:
        rooms = {name.removeprefix(f"{package}.").split(".")[0] for name in found}
        room = path.parts[path.parts.index(package) + 1].removesuffix(".py")
        assert not rooms & FORBIDDEN.get(room, set())
        is_domain = room not in WEB_ROOMS
        assert not (
            is_domain and {"falcon", "sqlite3", "redis", "azure"} & {name.split(".")[0] for name in found}
        )


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 30
