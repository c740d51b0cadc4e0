"""Scripts and style sheets that classes of models name by URL: `__javascript__` and `__css__`.

Those that the installed package of the class contains are published with the plot.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from bokeh.core.has_props import HasProps

from bokeh_cloud.publishing.packaged_files import packaged_file, read_css

STYLES, MODULES = "__css__", "__javascript_modules__"

ADD_STYLE = """(() => {{
  const style = document.createElement("style");
  style.textContent = {css};
  document.head.append(style);
}})();
"""


def external_files(models: Iterable[HasProps]) -> list[str]:
    """Return the scripts to run after BokehJS, for models whose classes name scripts and style sheets.

    A style sheet becomes a script that adds it. Files that are not installed are left out.
    """
    found = ((kind, packaged_file(url)) for cls in _classes(models) for kind, url in _urls(cls))
    files = {file: kind for kind, file in found if file is not None}
    return [_style(file) if kind == STYLES else file.read_text("utf-8") for file, kind in files.items()]


def foreign_classes(models: Iterable[HasProps]) -> list[str]:
    """Return the names of the classes of models that name files which are not installed."""
    return [
        cls.__name__
        for cls in _classes(models)
        if any(kind == MODULES or packaged_file(url) is None for kind, url in _urls(cls))
    ]


def _classes(models: Iterable[HasProps]) -> list[type]:
    return sorted({type(model) for model in models}, key=lambda cls: (cls.__module__, cls.__name__))


def _style(file: Path) -> str:
    return ADD_STYLE.format(css=json.dumps(read_css(file)))


def _urls(cls: type) -> Iterator[tuple[str, str]]:
    for kind in (STYLES, "__javascript__", MODULES):
        urls = getattr(cls, kind, None) or []
        yield from ((kind, url) for url in ([urls] if isinstance(urls, str) else urls))
