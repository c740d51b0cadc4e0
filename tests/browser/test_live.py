"""Whoever has a plot open sees new data and new versions, without losing their zoom."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bokeh.plotting import figure
from playwright.sync_api import Browser, Error, Page, Request, Route

from bokeh_cloud.plot import Plot
from bokeh_cloud.sources import RemoteDataSource
from tests.browser.chromium import Tab, frame_of, wait_ready
from tests.browser.reference import serve_folder
from tests.browser.town import Town, browsing, open_plot

SECONDS = 30

RANGE = "Bokeh.documents[0].roots()[0].x_range"
DATA = "Bokeh.documents[0].roots()[0].renderers[0].data_source.data"


@pytest.fixture
def ada(browser: Browser, town: Town) -> Iterator[Tab]:
    with browsing(browser) as tab:
        town.sign_in(tab.page.context)
        yield tab


@pytest.fixture
def source(town: Town, request: pytest.FixtureRequest) -> RemoteDataSource:
    values = np.arange(10.0)
    return town.server.DataSource(
        request.node.name, x=values, y=values, label=[f"no. {i}" for i in range(10)]
    )


def publish(town: Town, source: RemoteDataSource, title: str = "Live") -> Plot:
    drawn = figure(title=title, height=300, sizing_mode="stretch_width")
    drawn.line("x", "y", source=source)
    return town.server.publish(drawn, str(source.name))


def wait(page: Page, what: str) -> None:
    """Wait for something in the frame, which may be loaded anew meanwhile."""
    for _ in range(SECONDS * 4):
        try:
            if frame_of(page).evaluate(f"() => window.Bokeh?.documents[0]?.is_idle && ({what})"):
                return
        except Error:
            pass  # it is just being loaded
        page.wait_for_timeout(250)
    raise AssertionError(f"never {what}; {frame_of(page).evaluate('() => document.body.innerText')}")


def zoom(page: Page) -> None:
    frame_of(page).evaluate(
        f"() => {{ {RANGE}.have_updated_interactively = true; {RANGE}.setv({{start: 2, end: 3}}) }}"
    )


ZOOMED = f"{RANGE}.start === 2 && {RANGE}.end === 3"


def test_new_data_come_in_place(ada: Tab, town: Town, source: RemoteDataSource) -> None:
    page = ada.page
    open_plot(page, publish(town, source).url)
    frame_of(page).evaluate("() => { window.mark = 'the same frame' }")
    source.stream(x=[10.0], y=[20.0], label=["new"])
    wait(page, f"{DATA}.y.length === 11 && {DATA}.y[10] === 20 && [...{DATA}.label][10] === 'new'")
    wait(page, f"{RANGE}.end > 10")
    page.wait_for_timeout(600)
    assert "#" not in page.url, "what follows the data is no zoom"
    zoom(page)
    source.update(y=np.zeros(11))
    source.commit()
    wait(page, f"{DATA}.y[10] === 0")
    wait(page, ZOOMED)
    assert frame_of(page).evaluate("() => window.mark") == "the same frame"
    source.add(z=np.ones(11))
    source.commit()
    wait(page, f"{DATA}.z?.length === 11")
    assert ada.errors == []


def columns_asked(requests: list[Request]) -> list[str]:
    """Return the hashes of the columns that were loaded; all of these are small, so they come together."""
    bodies = [one.post_data or "" for one in requests if one.url.endswith("/data/columns")]
    return [column for body in bodies for column in json.loads(body)["columns"]]


def test_only_the_data_of_now_are_loaded(ada: Tab, town: Town, source: RemoteDataSource) -> None:
    plot, asked = publish(town, source), list[Request]()
    source.update(x=np.arange(10.0, 20), y=np.zeros(10))
    source.commit()
    ada.page.on("request", lambda request: asked.append(request))
    open_plot(ada.page, plot.url)
    scene = json.dumps(town.ask("GET", f"/ada/plots/{plot.id}/scene"))
    assert sorted(columns_asked(asked)) == sorted(re.findall("[0-9a-f]{64}", scene))
    assert frame_of(ada.page).evaluate(f"() => {DATA}.x[0]") == 10
    assert ada.errors == []


def test_data_that_come_while_the_plot_is_loaded(ada: Tab, town: Town, source: RemoteDataSource) -> None:
    plot = publish(town, source)

    def late(route: Route) -> None:
        source.update(x=np.arange(10.0, 20), y=np.zeros(10))
        source.commit()
        route.continue_()

    ada.page.route("**/scene", late)
    open_plot(ada.page, plot.url)
    assert frame_of(ada.page).evaluate(f"() => [{DATA}.x[0], {DATA}.y[0]]") == [10, 0]
    assert ada.errors == []


def test_a_new_version_keeps_the_zoom(ada: Tab, town: Town, source: RemoteDataSource) -> None:
    page = ada.page
    open_plot(page, publish(town, source).url)
    zoom(page)
    page.wait_for_function("() => location.hash.startsWith('#view=2,3,')")
    publish(town, source, "Anew")
    wait(page, "Bokeh.documents[0].roots()[0].title.text === 'Anew'")
    wait(page, ZOOMED)
    assert "Version 2" in page.inner_text(".plot-head")
    assert ada.errors == []


def test_a_frame_of_a_private_plot_that_is_a_page_of_its_own(
    ada: Tab, town: Town, source: RemoteDataSource
) -> None:
    plot = publish(town, source)
    open_plot(ada.page, plot.embed_url)
    zoom(ada.page)
    publish(town, source, "Anew")
    wait(ada.page, "Bokeh.documents[0].roots()[0].title.text === 'Anew'")
    wait(ada.page, ZOOMED)


def test_a_version_that_was_asked_for_stays(ada: Tab, town: Town, source: RemoteDataSource) -> None:
    page, asked = ada.page, list[str]()
    plot = publish(town, source)
    page.on("request", lambda request: asked.append(request.url))
    open_plot(page, f"{plot.url}?version=1")
    page.wait_for_timeout(300)
    assert [url for url in asked if "/events" in url or "live." in url] == []


def test_private_plots_are_kept_up_to_date_in_the_frames_of_other_sites(
    browser: Browser, town: Town, source: RemoteDataSource, tmp_path: Path
) -> None:
    """By a share link; and no more once it is withdrawn."""
    plot = publish(town, source)
    share = plot.share(expires="1d")
    with serve_folder(tmp_path) as site, browsing(browser) as tab:
        tab.page.clock.install()  # among others a plot asks every ten seconds
        script = str(share.embed_url).replace("/embed", "/embed.js", 1)
        tab.page.goto(site.write("blog", f'<!DOCTYPE html><body><script async src="{script}"></script>'))
        wait_ready(frame_of(tab.page))
        zoom(tab.page)
        source.stream(x=[10.0], y=[20.0], label=["new"])
        tab.page.clock.fast_forward(20_000)
        wait(tab.page, f"{DATA}.y.length === 11")
        publish(town, source, "Anew")
        tab.page.clock.fast_forward(20_000)
        wait(tab.page, "Bokeh.documents[0].roots()[0].title.text === 'Anew'")
        wait(tab.page, ZOOMED)
        assert tab.errors == []


def test_nothing_is_asked_while_it_is_not_looked_at(ada: Tab, town: Town, source: RemoteDataSource) -> None:
    page, asked = ada.page, list[str]()
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response(re.compile("/events")):
        open_plot(page, publish(town, source).url)
    assert "wait=1" in next(url for url in asked if "/events" in url), "the page of a plot listens at once"
    hide = """(hidden) => {
      Object.defineProperty(document, "hidden", {get: () => hidden, configurable: true});
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    frame_of(page).evaluate(hide, True)
    asked.clear()
    source.stream(x=[10.0], y=[20.0], label=["new"])
    page.wait_for_timeout(6000)  # a stream would have looked twice, and so would who comes again
    assert frame_of(page).evaluate(f"() => {DATA}.y.length") == 10
    assert not [url for url in asked if "/thumbnail" not in url]
    frame_of(page).evaluate(hide, False)
    wait(page, f"{DATA}.y.length === 11")
