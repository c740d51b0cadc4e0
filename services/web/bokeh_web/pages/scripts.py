"""Links ES modules into the classic script of a page.

In the repository, scripts are ES modules, so that editors, the type checker and Node.js read them as they
are. A page loads one classic script: that of the frame has to run before BokehJS has loaded, and is inlined
into downloaded pages; and a sandboxed frame, whose origin is opaque, could load modules only by CORS. Each
module becomes a function that returns its exports. That needs no build step, and makes one request of many
modules.
"""

import re
from pathlib import Path

#: Modules import by name, `import { a, b as c } from "./module.js";`. There are no default exports.
IMPORT = re.compile(r'^import (\{[^}]*\}) from "(\.[^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?(?:function\*?|class|const) (\w+))", re.MULTILINE)
#: What the two above do not cover.
UNSUPPORTED = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
#: Comments on lines of their own are for readers of the repository.
COMMENT = re.compile(r"^[ \t]*(?://.*|/\*\*(?:[^*]|\*(?!/))*\*/)\n", re.MULTILINE)
RENAMED = re.compile(r"\bas\b")


class LinkError(Exception):
    """A module cannot be linked; a fault of this package."""


def is_entry(script: Path) -> bool:
    """Return whether a script is the script of a page: modules export something."""
    return EXPORT.search(script.read_text(encoding="utf-8")) is None


def link(entry: Path) -> bytes:
    """Return a script and all modules that it imports as one classic script."""
    linked: dict[Path, str] = {}
    _link(entry.resolve(), linked, ())
    modules = "".join(linked.values())
    return f'"use strict";\n(() => {{\n{modules}}})();\n'.encode()


def _link(path: Path, linked: dict[Path, str], importers: tuple[Path, ...]) -> str:
    """Link a module after everything that it imports; return the variable of its exports."""
    if path in importers:
        raise LinkError(f"{path} imports itself, by way of {importers[-1]}.")
    if path not in linked:
        source = path.read_text(encoding="utf-8")
        imports = ""
        for names, module in IMPORT.findall(source):
            exports = _link((path.parent / module).resolve(), linked, (*importers, path))
            imports += f"const {RENAMED.sub(':', names)} = {exports};\n"
        linked[path] = _as_function(path, f"${path.stem}_{len(linked)}", imports, IMPORT.sub("", source))
    return linked[path].split(maxsplit=2)[1]


def _as_function(path: Path, variable: str, imports: str, source: str) -> str:
    exports = ", ".join(name for _, name in EXPORT.findall(source))
    body = COMMENT.sub("", EXPORT.sub(r"\1", source)).strip()
    if wrong := UNSUPPORTED.search(body):
        raise LinkError(f"{path}: this form of import or export cannot be linked: {wrong[0]}")
    return f"const {variable} = (() => {{\n{imports}{body}\nreturn {{ {exports} }};\n}})();\n"
