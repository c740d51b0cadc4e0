"""The pictures of long lines in published plots; the baseline is BokehJS with all rows.

Each line is shown at ten zooms. A pixel differs if one of its colours does by more than `SMALL` of 255.
BokehJS itself does not draw a line in the same shades if rows on straight parts of it are left out, since
each row adds to the edges: the last line for each size says how much that is.
"""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type"

import io
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from bokeh.plotting import figure
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Frame, Page, Request, sync_playwright

import bokeh_cloud
from tests.support.chromium import FLAGS, find_headless_shell, frame_of, wait_ready
from tests.support.embedded_server import one_process
from tests.support.reference_page import reference_html, serve_folder

Array = NDArray[Any]

ROWS = (150_000, 1_000_000, 10_000_000)
ZOOMS = [2.0**-i for i in range(10)]
SMALL, LARGE = 8, 64
TOOTH = 1000  # rows
SETTLE = 400  # milliseconds until a window was requested

FIGURE = "Bokeh.documents[0].roots()[0]"
SET_RANGES = f"""([x0, x1, y0, y1]) => {{
  {FIGURE}.x_range.setv({{ start: x0, end: x1 }}); {FIGURE}.y_range.setv({{ start: y0, end: y1 }}) }}"""
SET_DATA = f"""async ([x, y]) => {{
  const fetchArray = async (url) => new Float64Array(await (await fetch(url)).arrayBuffer())
  {FIGURE}.renderers[0].data_source.data = {{ x: await fetchArray(x), y: await fetchArray(y) }} }}"""


def lines(rows: int) -> dict[str, Array]:
    """Return y of lines of so many rows."""
    random = np.random.default_rng(4)
    walk = random.normal(size=rows).cumsum()
    return {
        "random walk": walk,
        "noise": random.normal(size=rows),
        "sine": np.sin(np.linspace(0, 20, rows)),
        "rising sawtooth": np.arange(rows) % TOOTH / TOOTH,
        "falling sawtooth": 1 - np.arange(rows) % TOOTH / TOOTH,
        "falling ramp": -np.arange(rows) / rows + random.normal(0, 0.01, rows),
        "every second row NaN": np.where(np.arange(rows) % 2, np.nan, walk),
        "every 300th row NaN": np.where(np.arange(rows) % 300, walk, np.nan),
    }


def draw(x: Array, y: Array) -> Any:
    """Return a figure of a line."""
    plot = figure(width=800, height=400, toolbar_location=None, x_range=(0, len(y)), y_range=(-3, 3))
    plot.line(x, y)
    return plot


def view_of(y: Array, zoom: float) -> tuple[float, float, float, float]:
    """Return ranges of x and y that show a part of a line."""
    low = 0.37 * (1 - zoom) * len(y)
    part = y[int(low) : int(low + zoom * len(y)) + 1]
    margin = 0.05 * (np.nanmax(part) - np.nanmin(part)) + 1e-9
    return low, low + zoom * len(y), float(np.nanmin(part) - margin), float(np.nanmax(part) + margin)


class Reference:
    """A page of BokehJS that gets rows from files."""

    def __init__(self, page: Page, folder: Path, url: str) -> None:
        self._page, self._folder, self._url = page, folder, url
        (folder / "line.html").write_text(reference_html(lambda: draw(np.zeros(2), np.zeros(2))))
        page.goto(f"{url}/line.html")
        page.wait_for_function("() => window.Bokeh?.documents[0]?.is_idle")

    def show(self, x: Array, y: Array) -> None:
        """Draw a line of these rows."""
        for name, values in (("x", x), ("y", y)):
            values.astype("<f8").tofile(self._folder / name)
        self._page.evaluate(SET_DATA, [f"{self._url}/x", f"{self._url}/y"])

    def picture(self, view: tuple[float, ...]) -> Array:
        """Return the pixels of a view."""
        self._page.evaluate(SET_RANGES, list(view))
        return pixels(self._page)


def watch_requests(page: Page) -> set[Request]:
    """Return a set of the requests that a page waits for, which is kept up to date."""
    pending: set[Request] = set()
    page.on("request", lambda request: pending.add(request))
    page.on("requestfinished", lambda request: pending.discard(request))
    page.on("requestfailed", lambda request: pending.discard(request))
    return pending


def pixels(page: Page | Frame, pending: Collection[Request] = ()) -> Array:
    """Return the pixels of the only figure of a page, once it waits for no window any more."""
    page.wait_for_timeout(SETTLE)
    while any("/columns/window" in request.url for request in pending):
        page.wait_for_timeout(SETTLE)
    png = page.locator(".bk-Figure").screenshot()
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def shares(found: Array, expected: Array) -> tuple[float, float]:
    """Return the percentages of pixels that differ by more than `SMALL`, and by more than `LARGE`."""
    difference = abs(found - expected).max(2)
    return 100 * float((difference > SMALL).mean()), 100 * float((difference > LARGE).mean())


def show(rows: int, name: str, found: list[tuple[float, float]]) -> None:
    """Print the shares at all zooms."""
    small, large = zip(*found, strict=True)
    figures = (
        f"{median(small):6.2f} % (at most {max(small):5.2f} %), {median(large):5.2f} % ({max(large):5.2f} %)"
    )
    print(f"{rows:10,} {name:22} {figures}", flush=True)


def measure(server: bokeh_cloud.Server, page: Page, reference: Reference, rows: int) -> None:
    """Measure all lines of so many rows."""
    x, pending = np.arange(float(rows)), watch_requests(page)
    for name, y in lines(rows).items():
        page.goto(server.publish(draw(x, y), f"{name} {rows}").url)
        frame = frame_of(page)
        wait_ready(frame)
        reference.show(x, y)
        found = []
        for view in (view_of(y, zoom) for zoom in ZOOMS):
            frame.evaluate(SET_RANGES, list(view))
            found.append(shares(pixels(frame, pending), reference.picture(view)))
        show(rows, name, found)
    measure_renderer(reference, x)


def measure_renderer(reference: Reference, x: Array) -> None:
    """Compare a sawtooth with its corners in BokehJS: they are the same line."""
    y = x % TOOTH / TOOTH
    corners = np.flatnonzero((x % TOOTH == 0) | (x % TOOTH == TOOTH - 1))
    pictures = []
    for part in (np.arange(len(x)), corners):
        reference.show(x[part], y[part])
        pictures.append([reference.picture(view_of(y, zoom)) for zoom in ZOOMS])
    show(len(x), "sawtooth, its corners", [shares(*pair) for pair in zip(*pictures, strict=True)])


@contextmanager
def open_pages() -> Iterator[tuple[Page, Page]]:
    """Open two pages."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_headless_shell(), args=FLAGS)
        yield browser.new_page(), browser.new_page()
        browser.close()


def main(sizes: tuple[int, ...] = ROWS) -> None:
    """Measure and print the table."""
    print(f"pixels that differ by more than {SMALL}, and by more than {LARGE}: median and maximum of zooms")
    with tempfile.TemporaryDirectory() as name, open_pages() as (page, other):
        pages = Path(name) / "pages"
        pages.mkdir()
        with one_process(f"local://{name}/storage") as url, serve_folder(pages) as site:
            reference = Reference(other, pages, site.url)
            for rows in sizes:
                measure(bokeh_cloud.Server(url), page, reference, rows)
