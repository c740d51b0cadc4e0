"""Documents with themes and style sheets."""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined"

import numpy as np
from bokeh.document import Document
from bokeh.model import Model
from bokeh.models import GlobalInlineStyleSheet, InlineStyleSheet
from bokeh.plotting import figure
from bokeh.themes import DARK_MINIMAL, Theme, built_in_themes

from tests.gallery.registry import gallery


def curve(title: str) -> figure:
    """Return a plot without visual properties."""
    plot = figure(title=title, width=450, height=250)
    plot.line(np.arange(30), np.sin(np.arange(30) / 4), legend_label="curve")
    return plot


def themed(title: str, theme: Theme) -> Document:
    """Return a document with a theme."""
    document = Document(theme=theme, title=title)
    document.add_root(curve(title))
    return document


@gallery
def dark_theme() -> Document:
    """A built-in theme."""
    return themed("Dark", built_in_themes[DARK_MINIMAL])


@gallery
def own_theme() -> Document:
    """A custom theme."""
    attributes = {
        "figure": {"background_fill_color": "#fdf6e3", "border_fill_color": "#eee8d5"},
        "Axis": {"axis_line_color": "#859900", "major_label_text_font_size": "13pt"},
        "Line": {"line_width": 4, "line_color": "#dc322f"},
    }
    return themed("Own", Theme(json={"attrs": attributes}))


@gallery
def style_sheets() -> Model:
    """Style sheets of models."""
    plot = curve("Styled")
    plot.styles = {"border": "3px solid teal", "border-radius": "8px"}
    plot.stylesheets = [
        InlineStyleSheet(css=":host { margin: 12px; box-shadow: 0 0 8px gray; }"),
        GlobalInlineStyleSheet(css="body { letter-spacing: 1px; }"),
    ]
    return plot
