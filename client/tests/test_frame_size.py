"""The size of frames in notebooks."""

from typing import Any

import pytest
from bokeh.layouts import column, gridplot, row
from bokeh.models import Model, TabPanel, Tabs
from bokeh.plotting import figure

from bokeh_cloud.plots.frame_size import FrameSize, frame_size


def made(width: int = 300, height: int = 200, **more: Any) -> figure:
    return figure(width=width, height=height, **more)


@pytest.mark.parametrize(
    ("roots", "size"),
    [
        ([made()], (300, 200)),
        ([made(), made(400, 100)], (400, 300)),
        ([made(sizing_mode="stretch_width")], (None, 200)),
        ([made(sizing_mode="stretch_both")], (None, None)),
        ([made(sizing_mode="scale_width")], (None, None)),
        ([column(made(), made())], (320, 420)),
        ([row(made(), made(100, 300))], (420, 320)),
        ([column(row(made(), made()), made())], (640, 440)),
        ([gridplot([[made(), made()], [None, made()]])], (620, 460)),
        ([Tabs(tabs=[TabPanel(child=made(), title="a")])], (320, 260)),
        ([row(made(sizing_mode="stretch_width"), made())], (None, 220)),
    ],
)
def test_the_frame_is_as_large_as_the_models(roots: list[Model], size: tuple[int | None, int | None]) -> None:
    assert frame_size(roots) == FrameSize(*size)
