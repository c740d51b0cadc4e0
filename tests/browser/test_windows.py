"""Long columns are shown by windows, which are requested again when the range of x changes."""

import io

import numpy as np
import pytest
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, HoverTool, NumeralTickFormatter, Range1d, RangeTool
from bokeh.plotting import figure
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Route

from tests.browser.window_plots import FEW_ROWS, SOURCE, Visitor, line, ranges, spiky, values
from tests.support.populated_cloud import PopulatedCloud, open_browser_tab
from tests.support.published_page import Camera, take_published, take_reference


def test_a_plot_of_a_million_rows_loads_windows_when_it_is_zoomed(
    visitor: Visitor, populated: PopulatedCloud
) -> None:
    x, y = spiky()
    frame = visitor.open(populated.server.publish(line(), "a million rows").url)
    assert visitor.bytes < 200_000
    assert visitor.windows == 1
    assert values(frame, "y").max() == 9
    assert values(frame, "y").min() == -7
    assert ranges(frame) == pytest.approx([-5, 105, -7.8, 9.8])
    described = frame.get_by_role("figure").get_attribute("aria-label") or ""
    assert "1 series" in described
    visitor.zoom(frame, 33.3, 33.4)
    loaded, first = values(frame, "x"), int(np.searchsorted(x, 33.25))
    assert loaded[0] < 33.3
    assert loaded[-1] > 33.4
    np.testing.assert_array_equal(loaded, x[first - 1 : first - 1 + len(loaded)])
    np.testing.assert_array_equal(values(frame, "y"), y[first - 1 : first - 1 + len(loaded)])
    assert ranges(frame)[2:] == pytest.approx([-7.8, 9.8]), "the range of y is that of all rows"
    visitor.zoom(frame, 33.32, 33.42, requests=0)  # within the loaded rows
    visitor.zoom(frame, 33.5, 33.6)
    assert values(frame, "x")[0] < 33.5
    visitor.zoom(frame, 20, 60)
    assert (values(frame, "y").max(), values(frame, "y").min()) == (9, -7)
    visitor.zoom(frame, -5, 105, requests=0)
    assert values(frame, "x")[-1] == 100


def test_a_column_of_float64_is_transferred_without_overhead(
    visitor: Visitor, populated: PopulatedCloud
) -> None:
    rows = 90_000  # few enough to be loaded completely
    y = np.random.default_rng(5).standard_normal(rows)
    plot = figure(width=300, height=200)
    plot.scatter("x", "y", source=ColumnDataSource({"x": np.zeros(rows, np.uint8), "y": y}))
    frame = visitor.open(populated.server.publish(plot, "bytes").url)
    sizes = [request.sizes() for request in visitor.requests if "/data/columns/" in request.url]
    [size] = [size["responseBodySize"] + size["responseHeadersSize"] for size in sizes]
    assert 8 * rows <= size <= 1.01 * 8 * rows
    np.testing.assert_array_equal(values(frame, "y"), y)


def test_a_window_looks_like_all_rows(camera: Camera, populated: PopulatedCloud) -> None:
    plot = populated.server.publish(line(output_backend="canvas"), "picture")
    populated.request("PATCH", f"/ada/plots/{plot.id}", json={"visibility": "public"})
    window = take_published(camera, plot.url)
    reference = take_reference(camera, "windows", lambda: line(output_backend="canvas"), window.size)
    assert window.errors == reference.errors == ()
    images = [Image.open(io.BytesIO(shot.png)).convert("L") for shot in (window, reference)]
    difference = np.asarray(ImageChops.difference(*images))
    dark = [np.asarray(image) < 200 for image in images]
    assert (difference > 100).sum() < 0.02 * dark[1].sum()
    rows = [np.flatnonzero(pixels[:, 60:700].any(1)) for pixels in dark]
    np.testing.assert_array_equal(rows[0], rows[1])


def test_a_shared_plot_of_times_loads_windows(browser: Browser, populated: PopulatedCloud) -> None:
    times = np.datetime64("2024-01-01", "ms") + np.arange(FEW_ROWS) * 1000
    y = np.zeros(FEW_ROWS)
    y[77_777] = 1
    plot = figure(
        height=300, sizing_mode="stretch_width", x_axis_type="datetime", tools="xpan,xwheel_zoom,reset"
    )
    plot.step(times, y, legend_label="on")
    plot.varea(times, 0, y / 2)
    share = populated.server.publish(plot, "times").share(expires="1d")
    with open_browser_tab(browser) as tab:
        visitor = Visitor(tab)
        frame = visitor.open(str(share.url))
        assert visitor.bytes < 400_000
        assert values(frame, "y").max() == 1
        at = 1704067200000 + 77_777_000
        visitor.zoom(frame, at - 10_000, at + 10_000, requests=2)
        assert values(frame, "x")[values(frame, "y") == 1].tolist() == [at]
        assert tab.errors == []


def test_two_plots_of_one_source_load_windows_of_their_own(
    visitor: Visitor, populated: PopulatedCloud
) -> None:
    x, y = spiky(FEW_ROWS)
    source = ColumnDataSource({"x": x, "y": y, "unused": y})
    detail = figure(width=600, height=200, x_range=Range1d(start=10, end=12))
    detail.line("x", "y", source=source)
    overview = figure(width=600, height=100, tools="")
    overview.line("x", "y", source=source)
    overview.add_tools(RangeTool(x_range=detail.x_range))
    frame = visitor.open(populated.server.publish(column(detail, overview), "overview").url)
    figures = "Bokeh.documents[0].roots()[0].children"
    loaded = [values(frame, "x", f"{figures}[{i}].renderers[0].data_source") for i in (0, 1)]
    np.testing.assert_array_equal(loaded[0], x[(x >= loaded[0][0]) & (x <= loaded[0][-1])])
    assert loaded[0][0] < 10
    assert 12 < loaded[0][-1] < 20
    assert loaded[1][[0, -1]].tolist() == [0, 100]
    spans = [
        frame.evaluate(f"() => [{figures}[{i}].y_range.start, {figures}[{i}].y_range.end]") for i in (0, 1)
    ]
    assert spans[0] == spans[1] == pytest.approx([-7.8, 9.8])
    assert visitor.bytes < 200_000


def test_tooltips_of_rendered_rows_and_tick_formats_allow_windows(
    visitor: Visitor, populated: PopulatedCloud
) -> None:
    plot = line(FEW_ROWS)
    plot.add_tools(HoverTool(tooltips=[("here", "@x{0.0}, @{y}"), ("pointer", "$x")]))
    plot.xaxis.formatter = NumeralTickFormatter(format="0.0")
    frame = visitor.open(populated.server.publish(plot, "tooltips").url)
    assert len(values(frame, "x")) < 10_000
    visitor.tab.page.mouse.move(400, 400)


def reject(route: Route) -> None:
    """Respond as to an expired token."""
    route.fulfill(status=401, json={"detail": "Your key is not valid."})


@pytest.mark.parametrize("page", ["show", "embed"])
def test_a_requested_version_loads_windows_after_its_token_expired(
    visitor: Visitor, populated: PopulatedCloud, page: str
) -> None:
    plot = populated.server.publish(line(FEW_ROWS), f"expired {page}")
    frame = visitor.open(f"{populated.url}/plots/{plot.id}/{page}?version=1")
    visitor.tab.page.route("**/columns/window?*", reject, times=1)
    visitor.set_range(frame, 33.3, 33.4)
    frame.wait_for_function(f"() => window.Bokeh?.documents[0]?.is_idle && {SOURCE}.data.x[0] > 33")
    assert ranges(frame)[:2] == [33.3, 33.4]
    assert {"401" in error for error in visitor.tab.errors} == {True}
    visitor.tab.errors.clear()


def test_live_data_that_are_not_sorted_any_more_are_loaded_completely(
    visitor: Visitor, populated: PopulatedCloud
) -> None:
    x, y = spiky(FEW_ROWS)
    source = populated.server.DataSource("unsorted", x=x, y=y)
    plot = figure(width=800, height=400)
    plot.line("x", "y", source=source)
    frame = visitor.open(populated.server.publish(plot, "unsorted").url)
    assert len(values(frame, "x")) < FEW_ROWS
    source.update(x=-x)
    source.commit()
    frame.wait_for_function(
        f"(rows) => window.Bokeh?.documents[0]?.is_idle && {SOURCE}.data.x.length === rows", arg=FEW_ROWS
    )
    np.testing.assert_array_equal(values(frame, "x"), -x)
