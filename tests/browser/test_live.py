"""Open plots show new data and new versions, without losing the zoom."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from bokeh.plotting import figure
from playwright.sync_api import Browser, Error, Page, Request, Route, expect

from bokeh_cloud import Plot
from bokeh_cloud.data.sources import RemoteDataSource
from tests.support.chromium import Tab, frame_of, wait_ready, without_metadata
from tests.support.populated_cloud import PopulatedCloud, open_browser_tab, open_plot
from tests.support.reference_page import serve_folder

SECONDS = 60

RANGE = "Bokeh.documents[0].roots()[0].x_range"
DATA = "Bokeh.documents[0].roots()[0].renderers[0].data_source.data"


@pytest.fixture
def source(populated: PopulatedCloud, request: pytest.FixtureRequest) -> RemoteDataSource:
    values = np.arange(10.0)
    return populated.server.DataSource(
        request.node.name, x=values, y=values, label=[f"no. {i}" for i in range(10)]
    )


def publish(populated: PopulatedCloud, source: RemoteDataSource, title: str = "Live") -> Plot:
    # The tooltips name columns, since a page gets those that the plot draws.
    tooltips = [("label", "@label"), ("z", "@z")]
    plot = figure(title=title, height=300, sizing_mode="stretch_width", tooltips=tooltips)
    plot.line("x", "y", source=source)
    return populated.server.publish(plot, str(source.name))


def wait_for(page: Page, condition: str) -> None:
    """Wait for a condition in the frame, which may be reloaded in the meantime."""
    for _ in range(SECONDS * 4):
        try:
            if frame_of(page).evaluate(f"() => window.Bokeh?.documents[0]?.is_idle && ({condition})"):
                return
        except Error:
            pass  # the frame is being loaded
        page.wait_for_timeout(250)
    text = frame_of(page).evaluate("() => document.body.innerText")
    raise AssertionError(f"the frame never fulfils {condition}: {text}")


def zoom(page: Page) -> None:
    frame_of(page).evaluate(
        f"() => {{ {RANGE}.have_updated_interactively = true; {RANGE}.setv({{start: 2, end: 3}}) }}"
    )


ZOOMED = f"{RANGE}.start === 2 && {RANGE}.end === 3"


def test_new_data_are_shown_without_reloading_the_frame(
    ada: Tab, populated: PopulatedCloud, source: RemoteDataSource
) -> None:
    page = ada.page
    open_plot(page, publish(populated, source).url)
    frame_of(page).evaluate("() => { window.mark = 'the same frame' }")
    source.stream(x=[10.0], y=[20.0], label=["new"])
    wait_for(page, f"{DATA}.y.length === 11 && {DATA}.y[10] === 20 && [...{DATA}.label][10] === 'new'")
    wait_for(page, f"{RANGE}.end > 10")
    page.wait_for_timeout(600)
    assert "#" not in page.url, "a range that follows the data is not a zoom"
    zoom(page)
    source.update(y=np.zeros(11))
    source.commit()
    wait_for(page, f"{DATA}.y[10] === 0")
    wait_for(page, ZOOMED)
    assert frame_of(page).evaluate("() => window.mark") == "the same frame"
    source.add(z=np.ones(11))
    source.commit()
    wait_for(page, f"{DATA}.z?.length === 11")
    assert ada.errors == []


def requested_columns(requests: list[Request]) -> list[str]:
    """Return the hashes of the columns that were requested, which are small enough for batches."""
    bodies = [request.post_data or "" for request in requests if request.url.endswith("/data/columns")]
    return [column for body in bodies for column in json.loads(body)["columns"]]


def test_only_current_data_are_loaded(ada: Tab, populated: PopulatedCloud, source: RemoteDataSource) -> None:
    plot, requests = publish(populated, source), list[Request]()
    source.update(x=np.arange(10.0, 20), y=np.zeros(10))
    source.commit()
    ada.page.on("request", lambda request: requests.append(request))
    open_plot(ada.page, plot.url)
    scene = json.dumps(populated.request("GET", f"/ada/plots/{plot.id}/scene"))
    assert sorted(requested_columns(requests)) == sorted(re.findall("[0-9a-f]{64}", scene))
    assert frame_of(ada.page).evaluate(f"() => {DATA}.x[0]") == 10
    assert ada.errors == []


def test_data_that_change_while_the_plot_is_loaded_are_shown(
    ada: Tab, populated: PopulatedCloud, source: RemoteDataSource
) -> None:
    plot = publish(populated, source)

    def change_data(route: Route) -> None:
        source.update(x=np.arange(10.0, 20), y=np.zeros(10))
        source.commit()
        route.continue_()

    ada.page.route("**/scene", change_data)
    open_plot(ada.page, plot.url)
    assert frame_of(ada.page).evaluate(f"() => [{DATA}.x[0], {DATA}.y[0]]") == [10, 0]
    assert ada.errors == []


def test_a_new_version_keeps_the_zoom(ada: Tab, populated: PopulatedCloud, source: RemoteDataSource) -> None:
    page = ada.page
    open_plot(page, publish(populated, source).url)
    zoom(page)
    expect(page).to_have_url(re.compile("#view=2,3,"))
    publish(populated, source, "Second")
    wait_for(page, "Bokeh.documents[0].roots()[0].title.text === 'Second'")
    wait_for(page, ZOOMED)
    assert "Version 2" in page.inner_text(".plot-head")
    assert ada.errors == []


def test_a_frame_that_is_opened_as_a_page_shows_new_versions(
    ada: Tab, populated: PopulatedCloud, source: RemoteDataSource
) -> None:
    plot = publish(populated, source)
    open_plot(ada.page, without_metadata(str(plot.share().embed_url)))
    zoom(ada.page)
    publish(populated, source, "Second")
    wait_for(ada.page, "Bokeh.documents[0].roots()[0].title.text === 'Second'")
    wait_for(ada.page, ZOOMED)


def test_a_requested_version_is_not_updated(
    ada: Tab, populated: PopulatedCloud, source: RemoteDataSource
) -> None:
    page, urls = ada.page, list[str]()
    plot = publish(populated, source)
    page.on("request", lambda request: urls.append(request.url))
    open_plot(page, f"{plot.url}?version=1")
    page.wait_for_timeout(300)
    assert [url for url in urls if "/events" in url or "live." in url] == []


def test_a_shared_plot_is_updated_in_frames_of_other_sites(
    browser: Browser, populated: PopulatedCloud, source: RemoteDataSource, tmp_path: Path
) -> None:
    plot = publish(populated, source)
    share = plot.share(expires="1d")
    with serve_folder(tmp_path) as site, open_browser_tab(browser) as tab:
        tab.page.clock.install()  # an embedded plot polls every ten seconds
        script = str(share.embed_url).replace("/embed", "/embed.js", 1)
        tab.page.goto(site.write("blog", f'<!DOCTYPE html><body><script async src="{script}"></script>'))
        wait_ready(frame_of(tab.page))
        zoom(tab.page)
        source.stream(x=[10.0], y=[20.0], label=["new"])
        tab.page.clock.fast_forward(20_000)
        wait_for(tab.page, f"{DATA}.y.length === 11")
        publish(populated, source, "Second")
        tab.page.clock.fast_forward(20_000)
        wait_for(tab.page, "Bokeh.documents[0].roots()[0].title.text === 'Second'")
        wait_for(tab.page, ZOOMED)
        assert tab.errors == []


def test_a_hidden_plot_sends_no_requests(
    ada: Tab, populated: PopulatedCloud, source: RemoteDataSource
) -> None:
    page, urls = ada.page, list[str]()
    page.on("request", lambda request: urls.append(request.url))
    with page.expect_response(re.compile("/events")):
        open_plot(page, publish(populated, source).url)
    assert "wait=1" in next(url for url in urls if "/events" in url), "a plot page opens an event stream"
    hide = """(hidden) => {
      Object.defineProperty(document, "hidden", {get: () => hidden, configurable: true});
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    frame_of(page).evaluate(hide, True)
    urls.clear()
    source.stream(x=[10.0], y=[20.0], label=["new"])
    page.wait_for_timeout(6000)  # long enough for two checks of an event stream
    assert frame_of(page).evaluate(f"() => {DATA}.y.length") == 10
    assert not [url for url in urls if "/thumbnail" not in url]
    frame_of(page).evaluate(hide, False)
    wait_for(page, f"{DATA}.y.length === 11")


def test_an_open_page_says_that_data_changed_and_that_the_plot_was_deleted(
    ada: Tab, browser: Browser, populated: PopulatedCloud, source: RemoteDataSource, tmp_path: Path
) -> None:
    plot = publish(populated, source)
    plot.visibility = "link"
    page = ada.page
    with serve_folder(tmp_path) as site, open_browser_tab(browser) as elsewhere:
        elsewhere.page.clock.install()
        elsewhere.page.goto(site.write("blog", f'<!DOCTYPE html><iframe src="{plot.embed_url}"></iframe>'))
        wait_ready(frame_of(elsewhere.page))
        open_plot(page, plot.url)
        changed, gone = page.locator("[data-changed]"), page.locator("[data-gone]")
        expect(changed).to_be_hidden()
        source.stream(x=[10.0], y=[20.0], label=["new"])
        expect(changed).to_contain_text("Data changed at", timeout=SECONDS * 1000)
        expect(gone).to_be_hidden()
        plot.delete()
        expect(gone).to_contain_text("This plot was deleted", timeout=SECONDS * 1000)
        elsewhere.page.clock.fast_forward(30_000)
        remark = elsewhere.page.frame_locator("iframe").locator("[data-gone]")
        expect(remark).to_contain_text("This plot was deleted", timeout=SECONDS * 1000)
