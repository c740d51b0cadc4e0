"""`convert`: returns what is published instead of an object."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.layouts import column, grid
from bokeh.model import Model
from bokeh.models import TabPanel, Tabs
from bokeh.models.ui.ui_element import UIElement

from bokeh_cloud.conversion.converted import Converted
from bokeh_cloud.conversion.registry import find_converter
from bokeh_cloud.publishing.unsupported import refuse

MAX_STEPS = 10  # conversions of one object, so that converters cannot send each other round


def convert(obj: Any) -> Converted:
    """Return what is published instead of an object; models and documents are published as they are.

    Dictionaries become tabs, nested lists and arrays of objects become grids.

    Raises:
        NotPublishable: it cannot be published; the message says what to publish instead.
    """
    losses: tuple[str, ...] = ()
    for _ in range(MAX_STEPS):
        if isinstance(obj, Model | Document):
            return Converted(obj, losses)
        if isinstance(obj, Mapping | list | tuple | np.ndarray):
            found = _convert_container(obj)
            return Converted(found.obj, losses + found.losses)
        converter = find_converter(obj)
        if converter is None:
            break
        result = converter(obj)
        obj, losses = (
            (result.obj, losses + result.losses) if isinstance(result, Converted) else (result, losses)
        )
    raise refuse(obj)


def _convert_container(obj: Mapping[Any, Any] | Sequence[Any] | np.ndarray) -> Converted:
    parts = _Parts()
    if isinstance(obj, Mapping):
        tabs = [TabPanel(child=parts.one(value), title=str(name)) for name, value in obj.items()]
        root: Any = [Tabs(tabs=tabs)] if tabs else []
    elif (rows := _nested(obj)) is not None:
        root = [grid([[None if item is None else parts.one(item) for item in row] for row in rows])]
    else:
        root = [model for item in obj for model in parts.all(item)]
    return Converted([*root, *parts.others], tuple(dict.fromkeys(parts.losses)))


def _nested(obj: Sequence[Any] | np.ndarray) -> list[list[Any]] | None:
    """Return the rows of a nested list, of which rows may be single items; None if it is not nested."""
    items = list(obj)
    if not any(isinstance(item, list | tuple | np.ndarray) for item in items):
        return None
    return [list(item) if isinstance(item, list | tuple | np.ndarray) else [item] for item in items]


class _Parts:
    """Converts the items of a container.

    Attributes:
        others: models of documents that are not drawn, but must be roots, such as those with state.
        losses: of all items.
    """

    def __init__(self) -> None:
        self.others: list[Model] = []
        self.losses: list[str] = []

    def all(self, item: Any) -> list[UIElement]:
        """Return the models that are drawn for an item."""
        converted = convert(item)
        self.losses += converted.losses
        models = _take_roots(converted.obj)
        self.others += [model for model in models if not isinstance(model, UIElement)]
        return [model for model in models if isinstance(model, UIElement)]

    def one(self, item: Any) -> UIElement:
        """Return one model for an item, a column if there are several."""
        models = self.all(item)
        return models[0] if len(models) == 1 else column(models)


def _take_roots(obj: Any) -> list[Model]:
    """Return the models of a converted object; those of a document leave it."""
    if not isinstance(obj, Document):
        return [obj] if isinstance(obj, Model) else list(obj)
    roots = list(obj.roots)
    obj.clear()
    return roots
