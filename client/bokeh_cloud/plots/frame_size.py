"""The size of the frame of a plot in a notebook: that of the published models, as far as they have one."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bokeh.model import Model

#: What a frame needs around layouts, whose parts have margins, and for the titles of tabs.
LAYOUT_MARGIN = 20
TABS_HEIGHT = 40

WIDE = ("stretch_width", "stretch_both", "scale_width", "scale_both")
HIGH = ("stretch_height", "stretch_both", "scale_height", "scale_both", "scale_width")


class FrameSize(NamedTuple):
    """Width and height in pixels; None if they depend on the frame."""

    width: int | None = None
    height: int | None = None


def frame_size(roots: Iterable["Model"]) -> FrameSize:
    """Return the size of models that are shown one below the other."""
    return _below(_size_of(root) for root in roots)


def _size_of(model: "Model") -> FrameSize:
    """Return the size of a figure, a widget or a layout."""
    values = model.properties_with_values()
    if "children" in values or "tabs" in values:
        width, height = _layout_size(model, values)
    else:
        width, height = _pixels(values.get("width")), _pixels(values.get("height"))
    mode = values.get("sizing_mode")
    return FrameSize(None if mode in WIDE else width, None if mode in HIGH else height)


def _layout_size(model: "Model", values: Mapping[str, object]) -> FrameSize:
    from bokeh.models import Column, GridBox, GridPlot, Row, TabPanel, Tabs

    if isinstance(model, Tabs):
        panes = [_size_of(pane.child) for pane in model.tabs if isinstance(pane, TabPanel)]
        return _with_margin(
            FrameSize(_max(p.width for p in panes), _max(p.height for p in panes)), TABS_HEIGHT
        )
    if isinstance(model, Column):
        return _with_margin(_below(_size_of(child) for child in model.children))
    if isinstance(model, Row):
        return _with_margin(_beside(_size_of(child) for child in model.children))
    if isinstance(model, GridBox | GridPlot):
        rows: dict[int, list[FrameSize]] = {}
        for child, row, *_ in model.children:
            if child is not None:
                rows.setdefault(row, []).append(_size_of(child))
        return _with_margin(_below(_beside(row) for row in rows.values()), TABS_HEIGHT)
    return FrameSize(_pixels(values.get("width")), _pixels(values.get("height")))


def _below(sizes: Iterable[FrameSize]) -> FrameSize:
    found = list(sizes)
    return FrameSize(_max(size.width for size in found), _sum(size.height for size in found))


def _beside(sizes: Iterable[FrameSize]) -> FrameSize:
    found = list(sizes)
    return FrameSize(_sum(size.width for size in found), _max(size.height for size in found))


def _with_margin(size: FrameSize, more_height: int = 0) -> FrameSize:
    margin = LAYOUT_MARGIN
    return FrameSize(size.width and size.width + margin, size.height and size.height + margin + more_height)


def _max(values: Iterable[int | None]) -> int | None:
    found = list(values)
    return max((value for value in found if value), default=None) if all(found) else None


def _sum(values: Iterable[int | None]) -> int | None:
    found = list(values)
    return sum(value for value in found if value) or None if all(found) else None


def _pixels(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
