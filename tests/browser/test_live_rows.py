"""Open plots show exactly the rows of their live sources, whatever happens in between."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bokeh.plotting import figure
from playwright.sync_api import Browser, Page, expect

import bokeh_cloud
from bokeh_cloud import Plot
from bokeh_cloud.data.sources import RemoteDataSource
from tests.browser.test_live import wait_for
from tests.support.chromium import Tab, frame_of
from tests.support.embedded_server import process_at
from tests.support.populated_cloud import PopulatedCloud, open_browser_tab, open_plot
from tests.support.ports import free_port

SOURCE = "Bokeh.documents[0].roots()[0].renderers[0].data_source"
RANGE = "Bokeh.documents[0].roots()[0].x_range"

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", {get: () => hidden, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def create(server: Any, name: str) -> tuple[RemoteDataSource, Plot]:
    """Publish a plot of a live source of ten rows."""
    values = np.arange(10.0)
    source = server.DataSource(
        name, x=values, y=values, n=np.arange(10), label=[f"no. {i}" for i in range(10)]
    )
    plot = figure(title="Live", height=300, sizing_mode="stretch_width", tooltips="@label @n")
    plot.line("x", "y", source=source, legend_label="y", muted_alpha=0.1)
    return source, server.publish(plot, name)


@pytest.fixture
def live(populated: PopulatedCloud, request: pytest.FixtureRequest) -> tuple[RemoteDataSource, Plot]:
    return create(populated.server, request.node.name)


def append(source: RemoteDataSource, number: int, rows: int = 1, rollover: int | None = None) -> None:
    values = np.arange(number, number + rows)
    labels = [f"no. {value}" for value in values]
    source.stream({"x": values + 0.0, "y": values * 2.0, "n": values, "label": labels}, rollover)


def rows_of(source: RemoteDataSource) -> dict[str, list[Any]]:
    """Return the rows on the server, as a browser has them."""
    data = source.refresh().data
    return {name: np.asarray(data[name]).tolist() for name in ("x", "y", "n", "label")}


def assert_shown(page: Page, source: RemoteDataSource) -> None:
    """Wait until a page shows the rows of a source, and nothing else."""
    expected = json.dumps(rows_of(source))
    data = f"{SOURCE}.data"
    wait_for(
        page,
        f"Object.entries({expected}).every(([name, rows]) =>"
        f" JSON.stringify([...{data}[name]]) === JSON.stringify(rows))",
    )


def test_appended_rows_travel_in_events(ada: Tab, live: tuple[RemoteDataSource, Plot]) -> None:
    source, plot = live
    page, urls = ada.page, list[str]()
    open_plot(page, plot.url)
    expect(page.locator("[data-live]")).to_contain_text("Live")
    page.on("request", lambda request: urls.append(request.url))
    for number in range(10, 50, 2):
        append(source, number, rows=2, rollover=30 if number % 3 else None)
    assert_shown(page, source)
    assert [url for url in urls if "/data/columns" in url or "/scene" in url] == []
    assert ada.errors == []


def test_changed_values_and_columns_are_shown(ada: Tab, live: tuple[RemoteDataSource, Plot]) -> None:
    source, plot = live
    open_plot(ada.page, plot.url)
    for number in range(10, 20):
        append(source, number)
        source.patch({"y": [(number % 7, float("inf")), (slice(7, 9), [number, -1])]})
        if number % 3 == 0:
            source.patch({"label": [(1, f"changed {number}")], "n": [(0, number)]})
    source.patch({"y": [(slice(0, 10), np.zeros(10))]})
    assert_shown(ada.page, source)
    append(source, 20, rollover=5)
    assert_shown(ada.page, source)
    source.rollback(source.version - 1)
    append(source, 30)
    assert_shown(ada.page, source)
    assert ada.errors == []


def test_interaction_is_kept(ada: Tab, live: tuple[RemoteDataSource, Plot]) -> None:
    source, plot = live
    frame = open_and_interact(ada.page, plot)
    for number in range(10, 15):
        append(source, number)
    source.patch({"y": [(0, 5.0)]})
    assert_shown(ada.page, source)
    state = (
        f"() => [{SOURCE}.selected.indices, {RANGE}.start, Bokeh.documents[0].roots()[0].renderers[0].muted]"
    )
    assert frame.evaluate(state) == [[3], 2, True]


def open_and_interact(page: Page, plot: Plot) -> Any:
    """Open a plot, zoom in, select a row, and mute a line."""
    open_plot(page, plot.url)
    frame = frame_of(page)
    frame.evaluate(
        f"""() => {{
          {RANGE}.have_updated_interactively = true;
          {RANGE}.setv({{start: 2, end: 3}});
          {SOURCE}.selected.indices = [3];
          Bokeh.documents[0].roots()[0].renderers[0].muted = true;
        }}"""
    )
    return frame


def test_an_update_waits_until_the_pointer_is_released(ada: Tab, live: tuple[RemoteDataSource, Plot]) -> None:
    source, plot = live
    page = ada.page
    open_plot(page, plot.url)
    append(source, 10)
    assert_shown(page, source)
    box = page.locator("iframe.plot-frame").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 150)
    page.mouse.down()
    append(source, 11)
    page.wait_for_timeout(1000)
    assert frame_of(page).evaluate(f"() => {SOURCE}.data.y.length") == 11
    page.mouse.up()
    assert_shown(page, source)


def test_a_page_in_the_background_catches_up(ada: Tab, live: tuple[RemoteDataSource, Plot]) -> None:
    source, plot = live
    open_plot(ada.page, plot.url)
    frame = frame_of(ada.page)
    for number in range(10, 40, 10):
        frame.evaluate(HIDE, True)
        for later in range(number, number + 10):
            append(source, later, rollover=25)
        if number == 20:
            source.patch({"y": [(0, 7.0)]})
        frame.evaluate(HIDE, False)
        assert_shown(ada.page, source)
    assert ada.errors == []


def test_a_page_survives_a_restart_of_the_server(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    with open_browser_tab(browser) as tab:
        with process_at(port, f"local://{tmp_path}") as url:
            source, plot = create(bokeh_cloud.Server(url), "restarted")
            open_plot(tab.page, plot.url)
            append(source, 10)
            assert_shown(tab.page, source)
        mark = tab.page.locator("[data-live]")
        expect(mark).to_contain_text("Reconnecting since")
        with process_at(port, f"local://{tmp_path}"):
            for number in range(11, 14):
                append(source, number)
            assert_shown(tab.page, source)
            expect(mark).to_contain_text("Live")


def test_windows_follow_the_end_of_a_long_source(ada: Tab, populated: PopulatedCloud) -> None:
    values = np.arange(120_000.0)
    source = populated.server.DataSource("long and live", x=values, y=np.sin(values / 1000))
    fig = figure(title="Long", height=300, width=600)
    fig.line("x", "y", source=source)
    plot, page, urls = populated.server.publish(fig, "long and live"), ada.page, list[str]()
    open_plot(page, plot.url)
    page.on("request", lambda request: urls.append(request.url))
    source.stream(x=[120_000.0, 120_001.0], y=[5.0, 0.0])
    wait_for(page, f"Math.max(...{SOURCE}.data.y) === 5")
    frame_of(page).evaluate(
        f"() => {{ {RANGE}.have_updated_interactively = true; {RANGE}.setv({{start: 100, end: 2000}}) }}"
    )
    wait_for(page, f"{SOURCE}.data.x.at(-1) < 10000")
    page.wait_for_timeout(500)
    urls.clear()
    for number in range(3):
        source.stream(x=[120_002.0 + number], y=[7.0])
    page.wait_for_timeout(1500)
    assert [url for url in urls if "/columns" in url] == []
    frame_of(page).evaluate(f"() => {RANGE}.setv({{start: 119_000, end: 120_010}})")
    wait_for(page, f"Math.max(...{SOURCE}.data.y) === 7 && {SOURCE}.data.x.at(-1) === 120004")
    assert ada.errors == []
