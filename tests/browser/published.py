"""The page of a published plot beside Bokeh's own page of it: the same pixels, and no complaint."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, BrowserContext, ElementHandle, Frame, Page

from tests.browser.chromium import (
    PAINTED,
    new_context,
    open_tab,
    screenshot,
    wait_idle,
    wait_ready,
)
from tests.browser.pixels import artifacts, blank, compare_png
from tests.browser.reference import ReferenceSite, serve_folder
from tests.gallery import Builder

SETTLING = 20  # looks at a frame's size before it counts as restless

#: A frame of an opaque origin, as that of a published plot, as large as the window.
FRAME = """<!DOCTYPE html><meta charset="utf-8"><title>Reference</title>
<iframe class="plot-frame" sandbox="allow-scripts" src="{source}"
 style="position: fixed; left: 0; top: 0; width: 100vw; height: 100vh; border: 0; background: #fff"></iframe>
"""

#: Through the style object: an inline style in the markup could be forbidden by the page's policy.
FILL = """(element, [width, height]) => Object.assign(element.style, {
  position: "fixed", zIndex: 2 ** 31 - 1, left: 0, top: 0, margin: 0, border: 0, padding: 0,
  background: "#fff", boxSizing: "border-box", minWidth: 0, minHeight: 0, maxWidth: "none", maxHeight: "none",
  width: `${width}px`, height: `${height}px`,
})"""


@dataclass(frozen=True)
class Camera:
    """A profile in a browser, and a site for the pages that it compares with."""

    context: BrowserContext
    site: ReferenceSite


@dataclass(frozen=True)
class Picture:
    """What a page showed.

    Attributes:
        png: the screenshot.
        size: width and height of the window that the plot had, in CSS pixels.
        errors: what the page and its frames complained about.
    """

    png: bytes
    size: tuple[int, int]
    errors: tuple[str, ...]


@contextmanager
def open_camera(browser: Browser, folder: Path) -> Iterator[Camera]:
    """Open a profile in a browser, and a site that serves `folder`."""
    with serve_folder(folder) as site, new_context(browser) as context:
        yield Camera(context, site)


def take_reference(camera: Camera, name: str, builder: Builder, size: tuple[int, int]) -> Picture:
    """Take a picture of Bokeh's own page of a figure, in a frame of `size` that is all of its window.

    In a frame, because Chromium smooths round corners there a shade differently than in a page itself.
    """
    camera.site.reference(name, builder)
    url = camera.site.write(f"{name} in a frame", FRAME.format(source=quote(f"{name}.html")))
    with open_tab(camera.context, url, size) as tab:
        frame = find_frame(tab.page)[1]
        wait_idle(frame)
        assert window_of(frame) == size, f"the reference has a window of {window_of(frame)}"
        return Picture(screenshot(tab.page), size, tuple(tab.errors))


def take_published(camera: Camera, url: str) -> Picture:
    """Take a picture of the frame in the page of a published plot.

    Raises:
        AssertionError: there is no frame, it fails, or it is never ready; the message has the page's errors.
    """
    with open_tab(camera.context, url) as tab:
        try:
            element, frame = find_frame(tab.page)
            wait_ready(frame)
            size = settle(tab.page, frame)
            fill_window(tab.page, element, frame, size)
        except AssertionError as error:
            raise AssertionError("\n".join([str(error), *tab.errors])) from error
        return Picture(screenshot(tab.page), size, tuple(tab.errors))


def find_frame(page: Page) -> tuple[ElementHandle, Frame]:
    """Return the frame of the plot in a page."""
    element = page.query_selector("iframe.plot-frame")
    assert element is not None, f"{page.url} has no iframe.plot-frame: {page.inner_text('body')[:500]}"
    assert element.is_visible(), "the frame is not visible"
    frame = element.content_frame()
    assert frame is not None, f"the frame in {page.url} has no document"
    return element, frame


def window_of(frame: Frame) -> tuple[int, int]:
    """Return width and height of a frame's window; they are whole, also where its element's are not."""
    width, height = frame.evaluate("() => [innerWidth, innerHeight]")
    return width, height


def settle(page: Page, frame: Frame) -> tuple[int, int]:
    """Return the size of the frame's window, once the page has made room for what is in it."""
    last = None
    for _ in range(SETTLING):
        page.evaluate(PAINTED)
        wait_idle(frame)
        size = window_of(frame)
        if size == last:
            return size
        last = size
    raise AssertionError(f"the frame does not come to rest; it was last of {last}")


def fill_window(page: Page, element: ElementHandle, frame: Frame, size: tuple[int, int]) -> None:
    """Let the frame be all that the window shows, without changing its own size.

    Where in a window something is drawn decides how round corners and lines are smoothed, by a shade or two.
    """
    element.evaluate(FILL, size)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    assert settle(page, frame) == size, f"moving the frame changed its size to {window_of(frame)}"
    box = element.bounding_box()
    assert box == {"x": 0, "y": 0, "width": size[0], "height": size[1]}, f"the frame stays at {box}"


def assert_same_pixels(camera: Camera, name: str, published_url: str, builder: Builder) -> None:
    """Assert that a published plot has the pixels of Bokeh's own page of it, and that nothing complains.

    Args:
        name: the name of the figure; its pictures are kept under it among the test artifacts if they differ.
        published_url: the page with an `iframe.plot-frame`.
        builder: makes the figure that was published.
    """
    published = take_published(camera, published_url)
    reference = take_reference(camera, name, builder, published.size)
    problems = [f"the published page: {error}" for error in published.errors]
    problems += [f"Bokeh's own page: {error}" for error in reference.errors]
    difference = compare_png(reference.png, published.png, name)
    if difference is not None:
        problems.append(f"{difference}; see {artifacts(name)}")
    if blank(reference.png):
        problems.append("there is nothing to see, so equal pixels prove nothing")
    assert not problems, "\n".join([f"{name} at {published_url}:", *problems])
