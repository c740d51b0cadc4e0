"""Plots of long columns, and a visitor who zooms in them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bokeh.plotting import figure
from playwright.sync_api import Frame, Request

from tests.support.chromium import Tab, frame_of, wait_ready

ROWS = 1_000_000
FEW_ROWS = 150_000  # still too many to be loaded completely

FIGURE = "Bokeh.documents[0].roots()[0]"
SOURCE = f"{FIGURE}.renderers[0].data_source"


def spiky(rows: int = ROWS) -> tuple[Any, Any]:
    """Return evenly spaced x, and y with one row far above and one far below all others."""
    x = np.linspace(0, 100, rows)
    y = np.sin(x) + np.random.default_rng(1).normal(0, 0.1, rows)
    y[rows // 3], y[rows // 2] = 9, -7
    return x, y


def line(rows: int = ROWS, **attributes: Any) -> Any:
    """Return a figure of a line."""
    plot = figure(width=800, height=400, **attributes)
    plot.line(*spiky(rows))
    return plot


@dataclass
class Visitor:
    """A visitor of a plot, and the requests that the plot sent."""

    tab: Tab
    requests: list[Request] = field(default_factory=list)

    def open(self, url: str) -> Frame:
        """Open a plot; return its frame once it is ready."""
        self.tab.page.on("requestfinished", lambda request: self.requests.append(request))
        self.tab.page.goto(url)
        frame = frame_of(self.tab.page)
        wait_ready(frame)
        return frame

    @property
    def bytes(self) -> int:
        """The size of all responses with data."""
        return sum(
            request.sizes()["responseBodySize"] for request in self.requests if "/data/" in request.url
        )

    @property
    def windows(self) -> int:
        """The number of windows that were requested."""
        return sum("/columns/window" in request.url for request in self.requests)

    def set_range(self, frame: Frame, start: float, end: float) -> None:
        """Set the range of x."""
        frame.evaluate(
            f"([start, end]) => {{ const range = {FIGURE}.x_range; range.have_updated_interactively = true;"
            " range.setv({start, end}); }",
            [start, end],
        )

    def zoom(self, frame: Frame, start: float, end: float, requests: int = 1) -> None:
        """Set the range of x, and check how many windows are requested."""
        before = self.windows
        self.set_range(frame, start, end)
        for _ in range(100):
            self.tab.page.wait_for_timeout(50 if requests else 300)
            if self.windows - before >= requests:
                break
        self.tab.page.wait_for_timeout(100)
        assert self.windows - before == requests


def values(frame: Frame, name: str, source: str = SOURCE) -> Any:
    """Return a column of a source in the browser."""
    return np.array(frame.evaluate(f"() => [...{source}.data.{name}]"))


def ranges(frame: Frame) -> list[float]:
    """Return start and end of x and of y."""
    ends = [f"{FIGURE}.{axis}_range.{end}" for axis in "xy" for end in ("start", "end")]
    return [float(value) for value in frame.evaluate(f"() => [{', '.join(ends)}]")]
