"""Converts elements, overlays, layouts and maps of HoloViews, also those that hvPlot makes.

HoloViews draws them by its Bokeh backend. A map with dimensions gets widgets, which are Panel's.
"""

from typing import Any

from bokeh_cloud.conversion.converted import Converted

DYNAMIC = (
    "DynamicMap: the plot shows what it showed when it was published. Zooming and panning compute nothing "
    "new, since a published plot has no Python process."
)


def convert(obj: Any) -> Any:
    """Return the model of an object, or a pane of Panel if it has widgets."""
    import holoviews as hv

    plot = hv.renderer("bokeh").get_plot(obj)
    losses = (DYNAMIC,) if plot.dynamic else ()
    if plot.dimensions:
        from panel.pane import HoloViews

        return Converted(HoloViews(obj, backend="bokeh"), losses)
    return Converted(plot.state, losses)
