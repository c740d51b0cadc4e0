"""Compares the page of a published plot with Bokeh's own page of it: equal pixels, and no errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, BrowserContext, ElementHandle, Frame, Page

from tests.gallery import Builder
from tests.support.chromium import (
    PAINTED,
    VIEWPORT,
    Tab,
    new_context,
    screenshot,
    wait_idle,
    wait_ready,
)
from tests.support.pixels import artifact_folder, compare_png, is_blank
from tests.support.reference_page import ReferenceSite, serve_folder

MAX_SIZE_CHECKS = 20  # until the size of a frame must not change any more

#: A page with a frame of an opaque origin, as that of a published plot, which fills the window.
FRAME = """<!DOCTYPE html><meta charset="utf-8"><title>Reference</title>
<iframe class="plot-frame" sandbox="allow-scripts" src="{source}"
 style="position: fixed; left: 0; top: 0; width: 100vw; height: 100vh; border: 0; background: #fff"></iframe>
"""

#: A constructed style sheet, since the page's policy can forbid inline styles in the markup. Scripts of
#: the page set the size of the frame by its style, which is less important.
FILL = """(element, [width, height]) => {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(`iframe.plot-frame {
    position: fixed !important; z-index: 2147483647 !important; left: 0 !important; top: 0 !important;
    margin: 0 !important; border: 0 !important; padding: 0 !important; background: #fff !important;
    box-sizing: border-box !important; min-width: 0 !important; min-height: 0 !important;
    max-width: none !important; max-height: none !important; transform: none !important;
    width: ${width}px !important; height: ${height}px !important;
  }`)
  document.adoptedStyleSheets.push(sheet)
}"""


@dataclass(frozen=True)
class Screenshot:
    """What a page showed.

    Attributes:
        png: the image.
        size: width and height of the plot's frame, in CSS pixels.
        errors: the errors of the page and its frames.
    """

    png: bytes
    size: tuple[int, int]
    errors: tuple[str, ...]


@dataclass
class Camera:
    """Takes screenshots of published plots and of reference pages.

    Attributes:
        context: a profile of the browser.
        site: serves the reference pages.
        references: the screenshots of reference pages, by figure and size.
    """

    context: BrowserContext
    site: ReferenceSite
    references: dict[tuple[Builder, tuple[int, int]], Screenshot] = field(default_factory=dict)
    _tab: Tab | None = None

    @contextmanager
    def open(self, url: str, size: tuple[int, int] = VIEWPORT) -> Iterator[Tab]:
        """Load a page into the camera's tab, which is reused, since opening a tab is slow.

        After an error the tab is closed, and the next page is opened in a new one.
        """
        tab = self._tab or self._new_tab()
        self._tab = None
        try:
            tab.page.set_viewport_size({"width": size[0], "height": size[1]})
            tab.page.goto(url, wait_until="load")
            yield tab
            tab.page.goto("about:blank")
            tab.errors.clear()
        except BaseException:
            tab.page.close()
            raise
        self._tab = tab

    def _new_tab(self) -> Tab:
        tab = Tab(self.context.new_page())
        tab.watch()
        return tab


@contextmanager
def open_camera(browser: Browser, folder: Path) -> Iterator[Camera]:
    """Open a new profile of a browser, and a site that serves `folder`."""
    with serve_folder(folder) as site, new_context(browser) as context:
        yield Camera(context, site)


def take_reference(camera: Camera, name: str, builder: Builder, size: tuple[int, int]) -> Screenshot:
    """Return a screenshot of Bokeh's own page of a figure, in a frame of `size` that fills the window.

    The frame is needed because Chromium antialiases round corners in frames slightly differently. There is
    one screenshot for each figure and size.
    """
    if (builder, size) not in camera.references:
        camera.references[builder, size] = _take_reference(camera, name, builder, size)
    return camera.references[builder, size]


def _take_reference(camera: Camera, name: str, builder: Builder, size: tuple[int, int]) -> Screenshot:
    camera.site.reference(name, builder)
    url = camera.site.write(f"{name} in a frame", FRAME.format(source=quote(f"{name}.html")))
    with camera.open(url, size) as tab:
        frame = find_frame(tab.page)[1]
        wait_idle(frame)
        assert frame_size(frame) == size, f"the frame of the reference page is {frame_size(frame)}"
        return Screenshot(screenshot(tab.page), size, tuple(tab.errors))


def take_published(camera: Camera, url: str) -> Screenshot:
    """Return a screenshot of the frame in the page of a published plot.

    Raises:
        AssertionError: there is no frame, or it does not become ready; the message has the page's errors.
    """
    with camera.open(url) as tab:
        try:
            element, frame = find_frame(tab.page)
            wait_ready(frame)
            size = wait_for_size(tab.page, frame)
            fill_window(tab.page, element, frame, size)
        except AssertionError as error:
            raise AssertionError("\n".join([str(error), *tab.errors])) from error
        return Screenshot(screenshot(tab.page), size, tuple(tab.errors))


def find_frame(page: Page) -> tuple[ElementHandle, Frame]:
    """Return the frame of the plot in a page, and its element."""
    element = page.query_selector("iframe.plot-frame")
    assert element is not None, f"{page.url} has no iframe.plot-frame: {page.inner_text('body')[:500]}"
    assert element.is_visible(), "the frame is not visible"
    frame = element.content_frame()
    assert frame is not None, f"the frame in {page.url} has no document"
    return element, frame


def frame_size(frame: Frame) -> tuple[int, int]:
    """Return width and height of a frame, which are integers even if those of its element are not."""
    width, height = frame.evaluate("() => [innerWidth, innerHeight]")
    return width, height


def wait_for_size(page: Page, frame: Frame) -> tuple[int, int]:
    """Return the size of the frame, once the page has adapted it to the plot."""
    last = None
    for _ in range(MAX_SIZE_CHECKS):
        page.evaluate(PAINTED)
        wait_idle(frame)
        size = frame_size(frame)
        if size == last:
            return size
        last = size
    raise AssertionError(f"the size of the frame keeps changing; it was last {last}")


def fill_window(page: Page, element: ElementHandle, frame: Frame, size: tuple[int, int]) -> None:
    """Let the frame fill the window, without changing its size.

    Antialiasing depends slightly on the position in the window.
    """
    element.evaluate(FILL, size)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    assert wait_for_size(page, frame) == size, f"moving the frame changed its size to {frame_size(frame)}"
    box = element.bounding_box()
    assert box == {"x": 0, "y": 0, "width": size[0], "height": size[1]}, f"the frame is still at {box}"


def assert_same_pixels(camera: Camera, name: str, published_url: str, builder: Builder) -> None:
    """Check that a published plot has the pixels of Bokeh's own page of it, and that neither has errors.

    Args:
        name: the name of the figure, and of the folder of test artifacts if the screenshots differ.
        published_url: the URL of the page with an `iframe.plot-frame`.
        builder: builds the published figure.
    """
    published = take_published(camera, published_url)
    reference = take_reference(camera, name, builder, published.size)
    problems = [f"the published page: {error}" for error in published.errors]
    problems += [f"Bokeh's own page: {error}" for error in reference.errors]
    difference = compare_png(reference.png, published.png, name)
    if difference is not None:
        problems.append(f"{difference}; see {artifact_folder(name)}")
    if is_blank(reference.png):
        problems.append("the reference page is blank, so equal pixels prove nothing")
    assert not problems, "\n".join([f"{name} at {published_url}:", *problems])
