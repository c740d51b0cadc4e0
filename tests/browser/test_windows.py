"""Long columns are drawn from windows, asked for anew as one zooms; where rows matter, they are whole."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from bokeh.layouts import column
from bokeh.models import (
    BooleanFilter,
    CDSView,
    ColumnDataSource,
    CustomJS,
    HoverTool,
    NumeralTickFormatter,
    Range1d,
    RangeTool,
    TapTool,
)
from bokeh.models.widgets import DataTable, TableColumn
from bokeh.plotting import figure
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Frame, Request, Route

from tests.browser.chromium import Tab, frame_of, wait_ready
from tests.browser.published import Camera, take_published, take_reference
from tests.browser.town import Town, browsing

ROWS = 1_000_000
FEW = 150_000  # and still more than are loaded whole

FIGURE = "Bokeh.documents[0].roots()[0]"
SOURCE = f"{FIGURE}.renderers[0].data_source"


def spiky(rows: int = ROWS) -> tuple[Any, Any]:
    """Return regular x, and y with a single row far above all others and one far below."""
    x = np.linspace(0, 100, rows)
    y = np.sin(x) + np.random.default_rng(1).normal(0, 0.1, rows)
    y[rows // 3], y[rows // 2] = 9, -7
    return x, y


def line(rows: int = ROWS, **how: Any) -> Any:
    drawn = figure(width=800, height=400, **how)
    drawn.line(*spiky(rows))
    return drawn


@dataclass
class Visitor:
    """Somebody who looks at a plot, and what the plot asked for."""

    tab: Tab
    asked: list[Request] = field(default_factory=list)

    def open(self, url: str) -> Frame:
        self.tab.page.on("requestfinished", lambda request: self.asked.append(request))
        self.tab.page.goto(url)
        frame = frame_of(self.tab.page)
        wait_ready(frame)
        return frame

    @property
    def bytes(self) -> int:
        """Bytes of data that came."""
        return sum(one.sizes()["responseBodySize"] for one in self.asked if "/data/" in one.url)

    @property
    def windows(self) -> int:
        return sum("/columns/window" in one.url for one in self.asked)

    def see(self, frame: Frame, start: float, end: float) -> None:
        """See another range of x."""
        frame.evaluate(
            f"([start, end]) => {{ const range = {FIGURE}.x_range; range.have_updated_interactively = true;"
            " range.setv({start, end}); }",
            [start, end],
        )

    def zoom(self, frame: Frame, start: float, end: float, requests: int = 1) -> None:
        """See another range of x, and wait for what that asks for."""
        before = self.windows
        self.see(frame, start, end)
        for _ in range(100):
            self.tab.page.wait_for_timeout(50 if requests else 300)
            if self.windows - before >= requests:
                break
        self.tab.page.wait_for_timeout(100)
        assert self.windows - before == requests


@pytest.fixture
def visitor(browser: Browser, town: Town) -> Iterator[Visitor]:
    with browsing(browser) as tab:
        town.sign_in(tab.page.context)
        yield Visitor(tab)
        assert tab.errors == []


def values(frame: Frame, name: str, source: str = SOURCE) -> Any:
    return np.array(frame.evaluate(f"() => [...{source}.data.{name}]"))


def ranges(frame: Frame) -> list[float]:
    ends = [f"{FIGURE}.{axis}_range.{end}" for axis in "xy" for end in ("start", "end")]
    return [float(value) for value in frame.evaluate(f"() => [{', '.join(ends)}]")]


def test_a_million_rows_open_as_few_and_zooming_shows_all(visitor: Visitor, town: Town) -> None:
    x, y = spiky()
    frame = visitor.open(town.server.publish(line(), "a million rows").url)
    assert visitor.bytes < 200_000
    assert visitor.windows == 1
    assert values(frame, "y").max() == 9
    assert values(frame, "y").min() == -7
    assert ranges(frame) == pytest.approx([-5, 105, -7.8, 9.8])
    described = frame.get_by_role("figure").get_attribute("aria-label") or ""
    assert "1 series" in described
    visitor.zoom(frame, 33.3, 33.4)
    seen, first = values(frame, "x"), int(np.searchsorted(x, 33.25))
    assert seen[0] < 33.3
    assert seen[-1] > 33.4
    np.testing.assert_array_equal(seen, x[first - 1 : first - 1 + len(seen)])
    np.testing.assert_array_equal(values(frame, "y"), y[first - 1 : first - 1 + len(seen)])
    assert ranges(frame)[2:] == pytest.approx([-7.8, 9.8]), "y follows all rows, not those of the window"
    visitor.zoom(frame, 33.32, 33.42, requests=0)  # to the side, within what is there
    visitor.zoom(frame, 33.5, 33.6)
    assert values(frame, "x")[0] < 33.5
    visitor.zoom(frame, 20, 60)
    assert (values(frame, "y").max(), values(frame, "y").min()) == (9, -7)
    visitor.zoom(frame, -5, 105, requests=0)
    assert values(frame, "x")[-1] == 100


def test_a_column_of_float64_reaches_the_browser_in_its_own_bytes(visitor: Visitor, town: Town) -> None:
    rows = 90_000  # few enough to be loaded whole
    y = np.random.default_rng(5).standard_normal(rows)
    plot = figure(width=300, height=200)
    plot.scatter("x", "y", source=ColumnDataSource({"x": np.zeros(rows, np.uint8), "y": y}))
    frame = visitor.open(town.server.publish(plot, "bytes").url)
    sizes = [one.sizes() for one in visitor.asked if "/data/columns/" in one.url]
    [sent] = [size["responseBodySize"] + size["responseHeadersSize"] for size in sizes]
    assert 8 * rows <= sent <= 1.01 * 8 * rows
    np.testing.assert_array_equal(values(frame, "y"), y)


def test_the_picture_is_that_of_all_rows(camera: Camera, town: Town) -> None:
    plot = town.server.publish(line(output_backend="canvas"), "picture")
    town.ask("PATCH", f"/ada/plots/{plot.id}", json={"visibility": "public"})
    shown = take_published(camera, plot.url)
    whole = take_reference(camera, "windows", lambda: line(output_backend="canvas"), shown.size)
    assert shown.errors == whole.errors == ()
    pictures = [Image.open(io.BytesIO(picture.png)).convert("L") for picture in (shown, whole)]
    difference = np.asarray(ImageChops.difference(*pictures))
    dark = [np.asarray(picture) < 200 for picture in pictures]
    assert (difference > 100).sum() < 0.02 * dark[1].sum()
    rows = [np.flatnonzero(one[:, 60:700].any(1)) for one in dark]
    np.testing.assert_array_equal(rows[0], rows[1])


def test_stretched_times_with_a_share_link(browser: Browser, town: Town) -> None:
    times = np.datetime64("2024-01-01", "ms") + np.arange(FEW) * 1000
    y = np.zeros(FEW)
    y[77_777] = 1
    drawn = figure(
        height=300, sizing_mode="stretch_width", x_axis_type="datetime", tools="xpan,xwheel_zoom,reset"
    )
    drawn.step(times, y, legend_label="on")
    drawn.varea(times, 0, y / 2)
    share = town.server.publish(drawn, "times").share(expires="1d")
    with browsing(browser) as tab:
        visitor = Visitor(tab)
        frame = visitor.open(str(share.url))
        assert visitor.bytes < 400_000
        assert values(frame, "y").max() == 1
        at = 1704067200000 + 77_777_000
        visitor.zoom(frame, at - 10_000, at + 10_000, requests=2)
        assert values(frame, "x")[values(frame, "y") == 1].tolist() == [at]
        assert tab.errors == []


def test_an_overview_and_what_it_selects(visitor: Visitor, town: Town) -> None:
    x, y = spiky(FEW)
    source = ColumnDataSource({"x": x, "y": y, "unused": y})
    detail = figure(width=600, height=200, x_range=Range1d(start=10, end=12))
    detail.line("x", "y", source=source)
    overview = figure(width=600, height=100, tools="")
    overview.line("x", "y", source=source)
    overview.add_tools(RangeTool(x_range=detail.x_range))
    frame = visitor.open(town.server.publish(column(detail, overview), "overview").url)
    figures = "Bokeh.documents[0].roots()[0].children"
    seen = [values(frame, "x", f"{figures}[{i}].renderers[0].data_source") for i in (0, 1)]
    np.testing.assert_array_equal(seen[0], x[(x >= seen[0][0]) & (x <= seen[0][-1])])
    assert seen[0][0] < 10
    assert 12 < seen[0][-1] < 20
    assert seen[1][[0, -1]].tolist() == [0, 100]
    spans = [
        frame.evaluate(f"() => [{figures}[{i}].y_range.start, {figures}[{i}].y_range.end]") for i in (0, 1)
    ]
    assert spans[0] == spans[1] == pytest.approx([-7.8, 9.8])
    assert visitor.bytes < 200_000


def selecting() -> Any:
    drawn = line(FEW)
    drawn.add_tools(TapTool())
    return drawn


def hovering() -> Any:
    drawn = line(FEW)
    drawn.add_tools(HoverTool())
    return drawn


def tabled() -> Any:
    x, y = spiky(FEW)
    source = ColumnDataSource({"x": x, "y": y})
    drawn = figure(width=400, height=200)
    drawn.line("x", "y", source=source)
    return column(drawn, DataTable(source=source, columns=[TableColumn(field="y")], width=300, height=200))


def coded() -> Any:
    drawn = line(FEW)
    drawn.x_range.js_on_change("start", CustomJS(code="return 1"))
    return drawn


def filtered() -> Any:
    x, y = spiky(FEW)
    drawn = figure(width=400, height=200)
    view = CDSView(filter=BooleanFilter(booleans=[True] * 10))
    drawn.line("x", "y", source=ColumnDataSource({"x": x, "y": y}), view=view)
    return drawn


def scattered() -> Any:
    drawn = figure(width=400, height=200)
    drawn.scatter(*spiky(FEW))
    return drawn


def unsorted() -> Any:
    x, y = spiky(FEW)
    drawn = figure(width=400, height=200)
    drawn.line(y, x)
    return drawn


def infinite() -> Any:
    x, y = spiky(FEW)
    y[7] = np.inf
    drawn = figure(width=400, height=200)
    drawn.line(x, y)
    return drawn


def stacked() -> Any:
    x, y = spiky(FEW)
    drawn = figure(width=400, height=200)
    drawn.varea_stack(["a", "b"], x="x", source=ColumnDataSource({"x": x, "a": y, "b": y}))
    return drawn


@pytest.mark.parametrize(
    "builder", [selecting, hovering, tabled, coded, filtered, scattered, unsorted, infinite, stacked]
)
def test_where_rows_matter_all_are_loaded(visitor: Visitor, town: Town, builder: Callable[[], Any]) -> None:
    frame = visitor.open(town.server.publish(builder(), builder.__name__).url)
    lengths = frame.evaluate(
        "() => [...Bokeh.documents[0]._all_models.values()]"
        ".filter((model) => model.type === 'ColumnDataSource').map((source) => source.get_length())"
    )
    assert lengths == [FEW]


def test_tooltips_of_what_is_drawn_and_other_formats_leave_windows(visitor: Visitor, town: Town) -> None:
    drawn = line(FEW)
    drawn.add_tools(HoverTool(tooltips=[("here", "@x{0.0}, @{y}"), ("pointer", "$x")]))
    drawn.xaxis.formatter = NumeralTickFormatter(format="0.0")
    frame = visitor.open(town.server.publish(drawn, "tooltips").url)
    assert len(values(frame, "x")) < 10_000
    visitor.tab.page.mouse.move(400, 400)


def refuse(route: Route) -> None:
    """Answer as to a token that has expired."""
    route.fulfill(status=401, json={"detail": "Your key is not valid."})


@pytest.mark.parametrize("page", ["show", "embed"])
def test_a_version_that_was_asked_for_gets_detail_after_its_token_expired(
    visitor: Visitor, town: Town, page: str
) -> None:
    plot = town.server.publish(line(FEW), f"expired {page}")
    frame = visitor.open(f"{town.url}/plots/{plot.id}/{page}?version=1")
    visitor.tab.page.route("**/columns/window?*", refuse, times=1)
    visitor.see(frame, 33.3, 33.4)
    frame.wait_for_function(f"() => window.Bokeh?.documents[0]?.is_idle && {SOURCE}.data.x[0] > 33")
    assert ranges(frame)[:2] == [33.3, 33.4]
    assert {"401" in error for error in visitor.tab.errors} == {True}
    visitor.tab.errors.clear()


def test_live_data_that_do_not_suit_windows_any_more_are_loaded_whole(visitor: Visitor, town: Town) -> None:
    x, y = spiky(FEW)
    source = town.server.DataSource("disordered", x=x, y=y)
    drawn = figure(width=800, height=400)
    drawn.line("x", "y", source=source)
    frame = visitor.open(town.server.publish(drawn, "disordered").url)
    assert len(values(frame, "x")) < FEW
    source.update(x=-x)
    source.commit()
    frame.wait_for_function(
        f"(rows) => window.Bokeh?.documents[0]?.is_idle && {SOURCE}.data.x.length === rows", arg=FEW
    )
    np.testing.assert_array_equal(values(frame, "x"), -x)
