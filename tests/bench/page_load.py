"""Cold load of a plot of a line with a million points; the baseline is a static `bokeh.embed.file_html`.

Both are opened alternately, each time in a new browser context with empty caches. The time is measured from
the start of the navigation until the Bokeh document is idle.
"""

import tempfile
from collections.abc import Callable
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
from tests.support.chromium import find_chromium
from tests.support.embedded_server import one_process
from tests.support.reference_page import serve_folder

POINTS = 1_000_000
ROUNDS = 9
AIM = 0.7

NOW = "performance.timeOrigin + performance.now()"
READY = "() => performance.timeOrigin + performance.getEntriesByName('bokeh-cloud:ready')[0].startTime"

#: The flags of a browser without a graphics card; unlike those of the tests they do not enable WebGL.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@dataclass
class PageLoads:
    """The measurements of a page.

    Attributes:
        url: the URL of the page.
        wait: waits for the page; returns when its document became idle, in milliseconds since the epoch.
        seconds: the times of all loads.
        bytes: the bytes that the last load transferred.
    """

    url: str
    wait: Callable[[Page], float]
    seconds: list[float] = field(default_factory=list)
    bytes: int = 0


def main() -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        with one_process(f"local://{folder}/storage") as cloud, serve_folder(Path(folder)) as site:
            plot = bokeh_cloud.Server(cloud).publish(line(), "line")
            baseline = PageLoads(site.write("line", file_html(line(), INLINE, "line")), wait_for_document)
            ours = PageLoads(plot.url, wait_for_plot_page)
            for _ in range(ROUNDS):
                for page in (baseline, ours):
                    load(browser, page)
        browser.close()
    report(baseline, {"plot page": ours})


def line() -> Any:
    """Return a figure of a random walk over evenly spaced x, both float64."""
    steps = np.random.default_rng(1).standard_normal(POINTS)
    plot = figure(width=900, height=400, output_backend="canvas")
    plot.line(np.linspace(0.0, 1.0, POINTS), np.cumsum(steps))
    return plot


def load(browser: Browser, loads: PageLoads) -> None:
    """Open a page in a new context, and record the time by the browser's clock."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.append(request))  # a builtin is not accepted
    page.goto(loads.url, wait_until="commit")
    idle = loads.wait(page)
    loads.seconds.append((idle - page.evaluate("performance.timeOrigin")) / 1000)
    sizes = [request.sizes() for request in finished]
    loads.bytes = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    context.close()


def wait_for_document(page: Page) -> float:
    """Wait until Bokeh's own page is idle; return when, in milliseconds."""
    idle = "window.Bokeh?.documents?.length > 0 && Bokeh.documents.every((doc) => doc.is_idle)"
    return float(page.wait_for_function(f"{idle} && {NOW}").json_value())


def wait_for_plot_page(page: Page) -> float:
    """Wait until the frame in a plot page is idle; return when."""
    return wait_until_ready(page.frame_locator("iframe.plot-frame").locator("html[data-state=ready]"))


def wait_until_ready(root: Locator) -> float:
    """Return the time that the frame itself recorded, since polling notices it up to half a second later."""
    root.wait_for(state="attached")
    return float(root.evaluate(READY))


def report(baseline: PageLoads, ours: dict[str, PageLoads]) -> None:
    """Print the table."""
    print(f"\nCold page load of {POINTS:,} points, median of {ROUNDS} (aim: {AIM} or less)")
    print(f"{'':24}{'seconds':>10}{'spread':>16}{'ratio':>8}{'MB sent':>10}")
    for name, loads in {"file_html, static": baseline, **ours}.items():
        ratio = median(loads.seconds) / median(baseline.seconds)
        extent = f"{min(loads.seconds):.2f}-{max(loads.seconds):.2f}"
        print(f"{name:24}{median(loads.seconds):10.3f}{extent:>16}{ratio:8.2f}{loads.bytes / 1e6:10.2f}")
