"""The page of a plot, and what it and its frame tell each other."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from bokeh.plotting import figure
from PIL import Image
from playwright.sync_api import Browser, Frame, Page, expect

import bokeh_cloud
from tests.browser.chromium import Tab, frame_of, wait_ready
from tests.browser.reference import serve_folder
from tests.browser.town import Town, browsing, open_plot

#: Begins a function about the figure `f`. (What is no function would need `eval`, which the policy forbids.)
RANGE = """() => {
  const f = [...Bokeh.documents[0].roots()[0].references()].find((model) => "x_range" in model.properties)"""


@pytest.fixture
def ada(browser: Browser, town: Town) -> Iterator[Tab]:
    with browsing(browser, accept_downloads=True) as tab:
        town.sign_in(tab.page.context)
        yield tab


def plot_frame(page: Page) -> Frame:
    element = page.query_selector("iframe.plot-frame")
    frame = element.content_frame() if element else None
    assert frame is not None
    return frame


def x_range(frame: Frame) -> list[float]:
    found = frame.evaluate(f"{RANGE}; return [f.x_range.start, f.x_range.end] }}")
    return [float(value) for value in found]


def zoom(frame: Frame, start: float, end: float) -> None:
    frame.evaluate(f"{RANGE}; f.x_range.setv({{start: {start}, end: {end}}}) }}")


def test_a_link_opens_the_same_zoom(ada: Tab, browser: Browser, town: Town) -> None:
    open_plot(ada.page, town.plots["sine"].url)
    assert "#" not in ada.page.url
    zoom(plot_frame(ada.page), 2, 3)
    ada.page.wait_for_function("() => location.hash.startsWith('#view=2,3,')")
    link = ada.page.locator("#link").input_value()
    assert link == ada.page.url
    with browsing(browser) as stranger:
        open_plot(stranger.page, link)
        frame = plot_frame(stranger.page)
        frame.wait_for_function(f"{RANGE}; return f.x_range.start === 2 && f.x_range.end === 3 }}")
        embedded = town.plots["sine"].embed_url + "#" + link.split("#")[1]
        stranger.page.goto(embedded)
        wait_ready(stranger.page.main_frame)
        assert x_range(stranger.page.main_frame) == [2, 3]


@pytest.mark.parametrize("view", ["", "x", "1,2", "1,2,3,4;1,2,3,4", "NaN,NaN,NaN,NaN", "<b>", "1" * 3000])
def test_views_that_make_no_sense_change_nothing(ada: Tab, town: Town, view: str) -> None:
    open_plot(ada.page, f"{town.plots['sine'].url}#view={view}")
    ada.page.wait_for_timeout(200)
    assert x_range(plot_frame(ada.page)) == pytest.approx([-0.5, 10.5], abs=0.6)
    assert ada.errors == []


def test_the_owners_browser_makes_the_thumbnail(ada: Tab, browser: Browser, town: Town) -> None:
    drawn = figure(title="Not opened before", width=600, height=300)
    drawn.line([0, 1, 2, 3], [0, 2, 1, 3], line_width=4)
    plot = town.server.publish(drawn, "not opened before")
    open_plot(ada.page, plot.url)
    expect(ada.page.locator("iframe.plot-frame")).to_have_attribute("data-pictured", "yes")
    path = f"{town.url}/plots/{plot.id}/thumbnail.png"
    answer = ada.page.context.request.get(path)
    picture = Image.open(io.BytesIO(answer.body()))
    assert answer.headers["content-type"] == "image/png"
    assert picture.size[0] in range(200, 481)
    assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 5, "there is something in it"
    with browsing(browser) as stranger:
        assert stranger.page.context.request.get(path).status == 404
    ada.page.goto(f"{town.url}/plots")
    shown = ada.page.locator(f"img[src*='{plot.id}']")
    expect(shown).to_be_visible()
    loaded = "image => image.complete && image.naturalWidth > 0"
    ada.page.wait_for_function(loaded, arg=shown.element_handle())
    open_plot(ada.page, plot.url)
    assert ada.page.locator("iframe.plot-frame").get_attribute("data-picture") is None, "once is enough"


@pytest.mark.parametrize(("button", "start"), [("Picture, PNG", b"\x89PNG"), ("Drawing, SVG", b"<svg")])
def test_downloads_of_pictures(ada: Tab, town: Town, tmp_path: Path, button: str, start: bytes) -> None:
    open_plot(ada.page, town.plots["sine"].url)
    ada.page.get_by_role("button", name="Download", exact=True).click()
    with ada.page.expect_download() as waiting:
        ada.page.get_by_role("button", name=button).click()
    file = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(file)
    assert file.stem == "sine"
    assert file.read_bytes().lstrip().startswith((start, b"<?xml"))
    assert file.stat().st_size > 3000


def test_the_downloaded_page_needs_no_server(ada: Tab, browser: Browser, town: Town, tmp_path: Path) -> None:
    ada.page.goto(town.plots["sine"].url)
    ada.page.get_by_role("button", name="Download", exact=True).click()
    with ada.page.expect_download() as waiting:
        ada.page.get_by_role("link", name="Page that needs no server").click()
    waiting.value.save_as(tmp_path / "sine.html")
    with browsing(browser, offline=True) as elsewhere:
        asked: list[str] = []
        elsewhere.page.on("request", lambda request: asked.append(request.url))
        elsewhere.page.goto((tmp_path / "sine.html").as_uri())
        wait_ready(elsewhere.page.main_frame)
        assert x_range(elsewhere.page.main_frame) == pytest.approx([-0.5, 10.5], abs=0.6)
        assert elsewhere.errors == []
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_embedding_with_a_script_is_as_high_as_the_plot(browser: Browser, town: Town, tmp_path: Path) -> None:
    with serve_folder(tmp_path) as site, browsing(browser) as tab:
        script = f'<script async src="{town.plots["sine"].embed_url}.js"></script>'
        tab.page.goto(site.write("blog", f"<!DOCTYPE html><body><p>Before</p>{script}<p>After</p>"))
        frame = tab.page.frame_locator("iframe")
        frame.locator("html[data-state=ready]").wait_for(state="attached")
        tab.page.wait_for_function(
            "() => { const height = document.querySelector('iframe').clientHeight;"
            " return height >= 395 && height <= 430 }"
        )
        assert tab.errors == []


def test_a_private_plot_is_not_embedded_elsewhere(ada: Tab, town: Town, tmp_path: Path) -> None:
    with serve_folder(tmp_path) as site:
        ada.page.goto(site.write("thief", f'<iframe src="{town.plots["walk"].embed_url}"></iframe>'))
        frame = ada.page.frames[1]
        assert "Bokeh" not in frame.evaluate("Object.keys(window).join()")


def test_a_notebook_of_this_machine_shows_plots_of_a_server_without_keys(
    cloud: str, browser: Browser, tmp_path: Path
) -> None:
    """Jupyter has another port; what the client gives it for a plot is a frame."""
    plot = figure(width=300, height=200)
    plot.line([1, 2], [1, 2])
    shown = bokeh_cloud.Server(cloud).publish(plot, "in a notebook")._repr_html_()
    with serve_folder(tmp_path) as site, browsing(browser) as tab:
        for host in ("127.0.0.1", "localhost"):
            page = site.write("notebook", f"<!DOCTYPE html><body>{shown}")
            tab.page.goto(page.replace("127.0.0.1", host))
            wait_ready(frame_of(tab.page))
        assert tab.errors == []
        tab.page.route(
            "http://example.org/", lambda route: route.fulfill(body=shown, content_type="text/html")
        )
        tab.page.goto("http://example.org/")
        assert "Bokeh" not in tab.page.frames[1].evaluate("Object.keys(window).join()")


def test_what_a_screen_reader_says(ada: Tab, town: Town) -> None:
    open_plot(ada.page, town.plots["sine"].url)
    assert ada.page.locator("iframe.plot-frame").get_attribute("title") == "A sine"
    described = plot_frame(ada.page).get_by_role("figure").get_attribute("aria-label")
    assert described == "A sine; A sine, time, 1 series"


def test_a_document_that_fails_says_so_in_place(ada: Tab, town: Town) -> None:
    ada.page.route(re.compile(".*/scene.*"), lambda route: route.fulfill(status=200, body='{"roots": 1}'))
    ada.page.goto(town.plots["sine"].url)
    frame = plot_frame(ada.page)
    expect(frame.get_by_role("alert")).to_contain_text("This plot could not be shown")
    ada.page.unroute_all()
    frame.get_by_role("link", name="Try again").click()
    frame = plot_frame(ada.page)
    wait_ready(frame)


def test_data_that_fail_say_so_in_place(ada: Tab, town: Town) -> None:
    problem = '{"detail": "The storage does not answer; try again soon."}'
    ada.page.route("**/data/columns*", lambda route: route.fulfill(status=503, body=problem))
    ada.page.goto(town.plots["sine"].url)
    alert = plot_frame(ada.page).get_by_role("alert")
    expect(alert).to_contain_text("The storage does not answer; try again soon.")
