"""The plot page, and its communication with the frame."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from bokeh.plotting import figure
from PIL import Image
from playwright.sync_api import Browser, Frame, Page, expect

import bokeh_cloud
from tests.support.chromium import Tab, frame_of, wait_ready, without_metadata
from tests.support.populated_cloud import PopulatedCloud, open_browser_tab, open_plot
from tests.support.reference_page import serve_folder

PLOT_FRAME = "document.querySelector('iframe.plot-frame')"

#: The beginning of a function with the figure `f`. An expression that waits would need `eval`, which the
#: policy of the page forbids.
WITH_FIGURE = """() => {
  const f = [...Bokeh.documents[0].roots()[0].references()].find((model) => "x_range" in model.properties)"""


@pytest.fixture
def ada(browser: Browser, populated: PopulatedCloud) -> Iterator[Tab]:
    with open_browser_tab(browser, accept_downloads=True) as tab:
        populated.sign_in(tab.page.context)
        yield tab


def plot_frame(page: Page) -> Frame:
    element = page.query_selector("iframe.plot-frame")
    frame = element.content_frame() if element else None
    assert frame is not None
    return frame


def x_range(frame: Frame) -> list[float]:
    found = frame.evaluate(f"{WITH_FIGURE}; return [f.x_range.start, f.x_range.end] }}")
    return [float(value) for value in found]


def zoom(frame: Frame, start: float, end: float) -> None:
    frame.evaluate(f"{WITH_FIGURE}; f.x_range.setv({{start: {start}, end: {end}}}) }}")


def test_a_link_preserves_the_zoom(ada: Tab, browser: Browser, populated: PopulatedCloud) -> None:
    open_plot(ada.page, populated.plots["sine"].url)
    assert "#" not in ada.page.url
    zoom(plot_frame(ada.page), 2, 3)
    expect(ada.page).to_have_url(re.compile("#view=2,3,"))
    link = ada.page.locator("#link").input_value()
    assert link == ada.page.url
    with open_browser_tab(browser) as stranger:
        open_plot(stranger.page, link)
        frame = plot_frame(stranger.page)
        frame.wait_for_function(f"{WITH_FIGURE}; return f.x_range.start === 2 && f.x_range.end === 3 }}")
        embedded = populated.plots["sine"].embed_url + "#" + link.split("#")[1]
        stranger.page.goto(without_metadata(embedded))
        wait_ready(stranger.page.main_frame)
        assert x_range(stranger.page.main_frame) == [2, 3]


def test_a_frame_that_is_opened_as_a_page_leads_to_the_page_of_the_plot(
    browser: Browser, populated: PopulatedCloud
) -> None:
    plot = populated.plots["sine"]
    with open_browser_tab(browser) as stranger:
        open_plot(stranger.page, f"{plot.embed_url}?version=1#view=2,3,-1,1")
        assert stranger.page.url.startswith(f"{plot.url}?version=1#view=2,3,")
        assert x_range(plot_frame(stranger.page)) == [2, 3]


def test_the_save_tool_saves_a_picture(ada: Tab, populated: PopulatedCloud, tmp_path: Path) -> None:
    open_plot(ada.page, populated.plots["sine"].url)
    frame = ada.page.frame_locator("iframe.plot-frame")
    with ada.page.expect_download() as download:
        frame.get_by_title("Save").first.click()
    download.value.save_as(tmp_path / "tool")
    assert download.value.suggested_filename == "sine.png"
    assert (tmp_path / "tool").read_bytes().startswith(b"\x89PNG")


def test_the_save_tool_names_the_page_that_saves_on_other_sites(
    browser: Browser, populated: PopulatedCloud, tmp_path: Path
) -> None:
    plot = populated.plots["sine"]
    with serve_folder(tmp_path) as site, open_browser_tab(browser, accept_downloads=True) as tab:
        downloads: list[object] = []
        tab.page.on("download", lambda download: downloads.append(download))
        tab.page.goto(
            site.write("blog", f'<iframe width="900" height="700" src="{plot.embed_url}"></iframe>')
        )
        frame = frame_of(tab.page)
        wait_ready(frame)
        frame.get_by_title("Save").first.click()
        expect(frame.get_by_role("status")).to_have_text(f"Pictures and files can be saved at {plot.url}")
        assert downloads == []


@pytest.mark.parametrize("view", ["", "x", "1,2", "1,2,3,4;1,2,3,4", "NaN,NaN,NaN,NaN", "<b>", "1" * 3000])
def test_an_invalid_view_in_the_url_is_ignored(ada: Tab, populated: PopulatedCloud, view: str) -> None:
    open_plot(ada.page, f"{populated.plots['sine'].url}#view={view}")
    ada.page.wait_for_timeout(200)
    assert x_range(plot_frame(ada.page)) == pytest.approx([-0.5, 10.5], abs=0.6)
    assert ada.errors == []


def test_the_owners_browser_creates_the_thumbnail(
    ada: Tab, browser: Browser, populated: PopulatedCloud
) -> None:
    unopened = figure(title="Not opened before", width=600, height=300)
    unopened.line([0, 1, 2, 3], [0, 2, 1, 3], line_width=4)
    plot = populated.server.publish(unopened, "not opened before")
    open_plot(ada.page, plot.url)
    expect(ada.page.locator("iframe.plot-frame")).to_have_attribute("data-pictured", "yes")
    path = f"{populated.url}/plots/{plot.id}/thumbnail.png"
    response = ada.page.context.request.get(path)
    picture = Image.open(io.BytesIO(response.body()))
    assert response.headers["content-type"] == "image/png"
    assert picture.size[0] in range(200, 481)
    assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 5, "the thumbnail is blank"
    with open_browser_tab(browser) as stranger:
        assert stranger.page.context.request.get(path).status == 404
    ada.page.goto(f"{populated.url}/plots")
    thumbnail = ada.page.locator(f"img[src*='{plot.id}']")
    expect(thumbnail).to_be_visible()
    expect(thumbnail).to_have_js_property("complete", True)
    assert thumbnail.evaluate("image => image.naturalWidth") > 0
    open_plot(ada.page, plot.url)
    assert ada.page.locator("iframe.plot-frame").get_attribute("data-picture") is None, "created once"


@pytest.mark.parametrize(("button", "start"), [("Picture, PNG", b"\x89PNG"), ("Drawing, SVG", b"<svg")])
def test_images_of_a_plot_can_be_downloaded(
    ada: Tab, populated: PopulatedCloud, tmp_path: Path, button: str, start: bytes
) -> None:
    open_plot(ada.page, populated.plots["sine"].url)
    ada.page.get_by_role("button", name="Download", exact=True).click()
    with ada.page.expect_download() as download:
        ada.page.get_by_role("button", name=button).click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.stem == "sine"
    assert file.read_bytes().lstrip().startswith((start, b"<?xml"))
    assert file.stat().st_size > 3000


def test_the_downloaded_page_needs_no_server(
    ada: Tab, browser: Browser, populated: PopulatedCloud, tmp_path: Path
) -> None:
    ada.page.goto(populated.plots["sine"].url)
    ada.page.get_by_role("button", name="Download", exact=True).click()
    with ada.page.expect_download() as download:
        ada.page.get_by_role("link", name="Page that needs no server").click()
    download.value.save_as(tmp_path / "sine.html")
    with open_browser_tab(browser, offline=True) as elsewhere:
        urls: list[str] = []
        elsewhere.page.on("request", lambda request: urls.append(request.url))
        elsewhere.page.goto((tmp_path / "sine.html").as_uri())
        wait_ready(elsewhere.page.main_frame)
        assert x_range(elsewhere.page.main_frame) == pytest.approx([-0.5, 10.5], abs=0.6)
        assert elsewhere.errors == []
        assert [url for url in urls if not url.startswith(("file:", "data:", "blob:"))] == []


def test_a_plot_embedded_by_a_script_has_its_full_height(
    browser: Browser, populated: PopulatedCloud, tmp_path: Path
) -> None:
    with serve_folder(tmp_path) as site, open_browser_tab(browser) as tab:
        script = f'<script async src="{populated.plots["sine"].embed_url}.js"></script>'
        tab.page.goto(site.write("blog", f"<!DOCTYPE html><body><p>Before</p>{script}<p>After</p>"))
        frame = tab.page.frame_locator("iframe")
        frame.locator("html[data-state=ready]").wait_for(state="attached")
        tab.page.wait_for_function(
            "() => { const height = document.querySelector('iframe').clientHeight;"
            " return height >= 395 && height <= 430 }"
        )
        assert tab.errors == []


def test_a_private_plot_cannot_be_embedded_by_other_sites(
    ada: Tab, populated: PopulatedCloud, tmp_path: Path
) -> None:
    with serve_folder(tmp_path) as site:
        ada.page.goto(site.write("thief", f'<iframe src="{populated.plots["walk"].embed_url}"></iframe>'))
        frame = ada.page.frames[1]
        assert "Bokeh" not in frame.evaluate("Object.keys(window).join()")


def test_a_notebook_on_this_machine_shows_plots_of_a_cloud_without_accounts(
    cloud: str, browser: Browser, tmp_path: Path
) -> None:
    """The client represents a plot as a frame, which is embedded from another port."""
    plot = figure(width=300, height=200)
    plot.line([1, 2], [1, 2])
    html = bokeh_cloud.Server(cloud).publish(plot, "in a notebook")._repr_html_()
    with serve_folder(tmp_path) as site, open_browser_tab(browser) as tab:
        for host in ("127.0.0.1", "localhost"):
            page = site.write("notebook", f"<!DOCTYPE html><body>{html}")
            tab.page.goto(page.replace("127.0.0.1", host))
            wait_ready(frame_of(tab.page))
        assert tab.errors == []
        (tmp_path / "exported.html").write_text(f"<!DOCTYPE html><body>{html}")
        tab.page.goto((tmp_path / "exported.html").as_uri())
        wait_ready(frame_of(tab.page))
        tab.page.route(
            "http://example.org/", lambda route: route.fulfill(body=html, content_type="text/html")
        )
        tab.page.goto("http://example.org/")
        assert "Bokeh" not in tab.page.frames[1].evaluate("Object.keys(window).join()")


def test_a_figure_of_fixed_size_is_centered_and_scaled_to_a_phone(
    ada: Tab, populated: PopulatedCloud
) -> None:
    """It keeps its zoom, since the frame is not loaded again."""
    page = ada.page
    open_plot(page, populated.plots["walk"].url)
    frame, stage = page.locator("iframe.plot-frame"), page.locator(".plot-stage")
    page.wait_for_function(f"() => {PLOT_FRAME}.clientWidth === 600")
    boxes = frame.bounding_box(), stage.bounding_box()
    assert boxes[0] is not None
    assert boxes[1] is not None
    middle = [box["x"] + box["width"] / 2 for box in boxes if box]
    assert middle[0] == pytest.approx(middle[1], abs=1)
    zoom(plot_frame(page), 2, 3)
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(f"() => {PLOT_FRAME}.getBoundingClientRect().width < 390")
    box = frame.bounding_box()
    assert box is not None
    assert box["height"] / box["width"] == pytest.approx(0.5, abs=0.02)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert x_range(plot_frame(page)) == [2, 3]
    expect(page.locator("#embed-frame")).to_have_count(0)  # of a private plot


def test_the_frame_and_the_figure_have_accessible_names(ada: Tab, populated: PopulatedCloud) -> None:
    open_plot(ada.page, populated.plots["sine"].url)
    assert ada.page.locator("iframe.plot-frame").get_attribute("title") == "A sine"
    described = plot_frame(ada.page).get_by_role("figure").get_attribute("aria-label")
    assert described == "A sine; A sine, time, 1 series"


def test_the_frame_shows_the_error_of_a_document_that_cannot_be_loaded(
    ada: Tab, populated: PopulatedCloud
) -> None:
    ada.page.route(re.compile(".*/scene.*"), lambda route: route.fulfill(status=200, body='{"roots": 1}'))
    ada.page.goto(populated.plots["sine"].url)
    frame = plot_frame(ada.page)
    expect(frame.get_by_role("alert")).to_contain_text("This plot could not be shown")
    ada.page.unroute_all()
    with ada.page.expect_event("framenavigated"):  # the click may return before the frame has navigated
        frame.get_by_role("link", name="Try again").click()
    wait_ready(plot_frame(ada.page))


def test_the_frame_shows_the_error_of_data_that_cannot_be_loaded(ada: Tab, populated: PopulatedCloud) -> None:
    problem = '{"detail": "The storage does not answer; try again soon."}'
    ada.page.route("**/data/columns*", lambda route: route.fulfill(status=503, body=problem))
    ada.page.goto(populated.plots["sine"].url)
    alert = plot_frame(ada.page).get_by_role("alert")
    expect(alert).to_contain_text("The storage does not answer; try again soon.")
