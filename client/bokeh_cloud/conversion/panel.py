"""Converts panes, layouts, widgets and templates of Panel, as its `save` does.

Links between widgets that run in the browser (`jslink`, `jscallback`) stay. What Python computes from widgets
is computed for all of their values in advance (`embed_state` of `panel.io.embed`). Panel warns if these are
more than `MAX_STATES`, and computes them all the same.
"""

from typing import Any

from bokeh.document import Document

from bokeh_cloud.conversion.converted import Converted
from bokeh_cloud.conversion.panel_stylesheets import inline_stylesheets

MAX_STATES = 1000  # combinations of values of widgets, Panel's default
MAX_OPTIONS = 25  # values of one continuous widget

TEMPLATE = (
    "{name}: the contents of the template are published, without its page: the parts of its header, sidebar "
    "and main area stand one below the other."
)


def convert(obj: Any) -> Converted:
    """Return a Document with the models of an object, and the style sheets they need."""
    from panel.template.base import BaseTemplate

    if isinstance(obj, BaseTemplate):
        name = type(obj).__name__
        return Converted(_document(_contents(obj)), (TEMPLATE.format(name=name),))
    return Converted(_document(obj))


def _document(obj: Any) -> Document:
    from panel import panel
    from panel.config import config
    from panel.io.embed import embed_state
    from panel.pane import PaneBase
    from pyviz_comms import Comm

    viewable = panel(obj)
    if isinstance(viewable, PaneBase) and len(viewable.layout) > 1:
        viewable = viewable.layout
    document = Document()
    with config.set(embed=True):
        root = viewable.get_root(document, Comm())
        embed_state(viewable, root, document, max_states=MAX_STATES, max_opts=MAX_OPTIONS, progress=False)
    inline_stylesheets(document)
    return document


def _contents(template: Any) -> Any:
    """Return the parts of a template as a layout."""
    from panel.layout import Column

    areas = (getattr(template, area, ()) for area in ("header", "sidebar", "main"))
    parts = [part for area in areas for part in area]
    return Column(*parts or [part for part, _ in template._render_items.values()])
