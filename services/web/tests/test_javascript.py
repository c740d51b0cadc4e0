"""Scripts of pages: modules that need no browser, with Node's test runner, and the linking of modules.

Modules that use the DOM are tested in Chromium, in `tests/browser`.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bokeh_web.pages.assets import Assets, asset_names
from bokeh_web.pages.scripts import LinkError, link

TESTS = Path(__file__).parent / "js"
NODE = shutil.which("node")
SECONDS = 120
SCRIPTS = [name for name in asset_names() if name.endswith(".js") and not name.startswith("vendor/")]

PAGE = """\
// Why.
import {
  add,
  LIMIT as MOST,
} from "./numbers.js";
import { one } from "./one.js";
if (add(one, one) !== MOST) throw new Error("wrong");
"""
NUMBERS = """\
import { one } from "./one.js";
/**
 * Add.
 */
export function add(a, b) {
  return a + b; // a sum
}
export const LIMIT = one + 1;
"""

needs_node = pytest.mark.skipif(
    NODE is None and os.environ.get("CI") != "true", reason="Node.js is missing; run tests/system-packages"
)


def run_node(*arguments: str) -> None:
    """Run Node.js, and fail with its output."""
    done = subprocess.run(
        [NODE or "node", *arguments], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


@needs_node
@pytest.mark.parametrize("path", sorted(TESTS.glob("test_*.js")), ids=lambda path: str(path.name))
def test_modules(path: Path) -> None:
    run_node("--test-reporter=spec", str(path))


@needs_node
@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_of_pages_are_classic_scripts(name: str, tmp_path: Path) -> None:
    script = tmp_path / "script.cjs"
    assets = Assets()
    script.write_bytes(assets.content(name))
    run_node("--check", str(script))


def write(folder: Path, **modules: str) -> Path:
    """Write modules; return the path of the entry, `page`."""
    for name, source in modules.items():
        (folder / f"{name}.js").write_text(source)
    return folder / "page.js"


@needs_node
def test_modules_are_linked_in_the_order_of_their_imports(tmp_path: Path) -> None:
    entry = write(tmp_path, page=PAGE, numbers=NUMBERS, one="const name = 1;\nexport const one = name;\n")
    linked = link(entry).decode()
    assert linked.count("const name") == 1
    assert "Why" not in linked
    assert "Add" not in linked
    assert "// a sum" in linked
    script = tmp_path / "linked.cjs"
    script.write_text(linked)
    run_node(str(script))


@pytest.mark.parametrize(
    "source",
    [
        'import * as all from "./one.js";\n',
        'import "./one.js";\n',
        "export default 1;\n",
        "export let count = 0;\n",
        'export { one } from "./one.js";\n',
    ],
)
def test_forms_that_cannot_be_linked(tmp_path: Path, source: str) -> None:
    with pytest.raises(LinkError, match="cannot be linked"):
        link(write(tmp_path, page=source, one="export const one = 1;\n"))


def test_modules_that_import_each_other(tmp_path: Path) -> None:
    one = 'import { other } from "./other.js";\nexport const one = 1;\n'
    other = 'import { one } from "./one.js";\nexport const other = 1;\n'
    with pytest.raises(LinkError, match="imports itself"):
        link(write(tmp_path, page='import { one } from "./one.js";\n', one=one, other=other))
