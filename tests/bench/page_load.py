"""Cold load of the page of a line with a million points, here and from a static `bokeh.embed.file_html`.

Both are opened in turns, each time in a new browser context (so with empty caches), from the start of the
navigation until the Bokeh document is idle.
"""

import functools
import http.server
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from bokeh.embed import file_html
from bokeh.plotting import figure
from bokeh.resources import INLINE
from playwright.sync_api import Browser, Locator, Page, Request, sync_playwright

import bokeh_cloud
from tests.browser.chromium import find_chromium
from tests.conftest import one_process

POINTS = 1_000_000
ROUNDS = 9
AIM = 0.7

NOW = "performance.timeOrigin + performance.now()"
READY = "() => performance.timeOrigin + performance.getEntriesByName('bokeh-cloud:ready')[0].startTime"

#: As people's browsers draw on a machine without a graphics card; those of the tests make WebGL work besides.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@dataclass
class Loads:
    """Seconds and bytes of the loads of one page."""

    url: str
    idle: Callable[[Page], float]
    seconds: list[float] = field(default_factory=list)
    bytes: int = 0


def main() -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        with one_process(f"local://{folder}/storage") as cloud, static(Path(folder)) as files:
            plot = bokeh_cloud.Server(cloud).publish(line(), "line")
            Path(folder, "line.html").write_text(file_html(line(), INLINE, "line"))
            peer = Loads(f"{files}/line.html", idle_document)
            ours = [Loads(plot.url, idle_frame), Loads(plot.embed_url, idle_self)]
            for _ in range(ROUNDS):
                for page in (peer, *ours):
                    load(browser, page)
        browser.close()
    report(peer, dict(zip(("the plot's page", "the bare frame"), ours, strict=True)))


def line() -> Any:
    """Make the figure: a random walk over regular x, both float64."""
    steps = np.random.default_rng(1).standard_normal(POINTS)
    plot = figure(width=900, height=400, output_backend="canvas")
    plot.line(np.linspace(0.0, 1.0, POINTS), np.cumsum(steps))
    return plot


def load(browser: Browser, loads: Loads) -> None:
    """Open the page in a new context and note how long it took, by the browser's own clock."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.append(request))  # it takes no builtin
    page.goto(loads.url, wait_until="commit")
    idle = loads.idle(page)
    loads.seconds.append((idle - page.evaluate("performance.timeOrigin")) / 1000)
    sizes = [request.sizes() for request in finished]
    loads.bytes = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    context.close()


def idle_document(page: Page) -> float:
    """Wait for Bokeh's own page; return when it was idle, in milliseconds, to a frame of the screen."""
    idle = "window.Bokeh?.documents?.length > 0 && Bokeh.documents.every((doc) => doc.is_idle)"
    return float(page.wait_for_function(f"{idle} && {NOW}").json_value())


def idle_self(page: Page) -> float:
    """Wait for the frame of a plot, opened by itself; return when it was idle, in milliseconds."""
    return ready(page.locator("html[data-state=ready]"))


def idle_frame(page: Page) -> float:
    """Wait for the frame within the page of a plot; return when it was idle, in milliseconds."""
    return ready(page.frame_locator("iframe.plot-frame").locator("html[data-state=ready]"))


def ready(root: Locator) -> float:
    """Return what the frame noted of itself: waiting for it from outside sees it up to half a second late."""
    root.wait_for(state="attached")
    return float(root.evaluate(READY))


@contextmanager
def static(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port."""
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name in the base class
        pass


def report(peer: Loads, ours: dict[str, Loads]) -> None:
    """Print the table."""
    print(f"\nCold page load of {POINTS:,} points, median of {ROUNDS} (aim: {AIM} or less)")
    print(f"{'':24}{'seconds':>10}{'spread':>16}{'ratio':>8}{'MB sent':>10}")
    for name, loads in {"file_html, static": peer, **ours}.items():
        ratio = median(loads.seconds) / median(peer.seconds)
        spread = f"{min(loads.seconds):.2f}-{max(loads.seconds):.2f}"
        print(f"{name:24}{median(loads.seconds):10.3f}{spread:>16}{ratio:8.2f}{loads.bytes / 1e6:10.2f}")
