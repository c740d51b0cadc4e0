"""Puts the style sheets of the installed Panel into a document, instead of their addresses on its CDN."""

from pathlib import Path
from typing import Any

from bokeh.document import Document
from bokeh.models import ImportedStyleSheet, InlineStyleSheet
from bokeh.models.ui.ui_element import UIElement

from bokeh_cloud.publishing.packaged_files import packaged_file, read_css


def inline_stylesheets(document: Document) -> None:
    """Replace the style sheets of models that the installed packages contain by their text."""
    inlined: dict[str, InlineStyleSheet] = {}
    for model in document.models:
        if isinstance(model, UIElement) and any(map(_file_of, model.stylesheets)):
            model.stylesheets = [_inlined(sheet, inlined) for sheet in model.stylesheets]


def _inlined(sheet: Any, inlined: dict[str, InlineStyleSheet]) -> Any:
    """Return the style sheet with its text; the same for the same file."""
    file = _file_of(sheet)
    if file is None:
        return sheet
    return inlined.setdefault(str(file), InlineStyleSheet(css=read_css(file)))


def _file_of(sheet: object) -> Path | None:
    return packaged_file(sheet.url) if isinstance(sheet, ImportedStyleSheet) else None
