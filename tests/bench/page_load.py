"""Cold load of the page of a line with a million points, here and from a static `bokeh.embed.file_html`.

Both are opened in turns, each time in a new browser context (so with empty caches), from the start of the
navigation until the Bokeh document is idle.
"""

import functools
import http.server
import tempfile
import threading
import time
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
from playwright.sync_api import Browser, Page, Request, sync_playwright

import bokeh_cloud
from tests.browser.chromium import launch
from tests.conftest import one_process

POINTS = 1_000_000
ROUNDS = 9
AIM = 0.7


@dataclass
class Loads:
    """Seconds and bytes of the loads of one page."""

    url: str
    idle: Callable[[Page], Any]
    seconds: list[float] = field(default_factory=list)
    bytes: int = 0


def main() -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright)
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
    """Open the page in a new context and note how long it took."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.append(request))  # it takes no builtin
    start = time.perf_counter()
    page.goto(loads.url, wait_until="commit")
    loads.idle(page)
    loads.seconds.append(time.perf_counter() - start)
    loads.bytes = sum(
        size["responseBodySize"] + size["responseHeadersSize"] for size in (r.sizes() for r in finished)
    )
    context.close()


def idle_document(page: Page) -> None:
    """Wait for Bokeh's own page."""
    page.wait_for_function(
        "window.Bokeh?.documents?.length > 0 && Bokeh.documents.every((doc) => doc.is_idle)"
    )


def idle_self(page: Page) -> None:
    """Wait for the frame of a plot, opened by itself."""
    page.locator("html[data-state=ready]").wait_for(state="attached")


def idle_frame(page: Page) -> None:
    """Wait for the frame within the page of a plot."""
    page.frame_locator("iframe.plot-frame").locator("html[data-state=ready]").wait_for(state="attached")


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
