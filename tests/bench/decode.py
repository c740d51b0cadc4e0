"""A column of float64 in the browser: how many bytes come, and how long BokehJS takes to have it as numbers.

A plot is opened, once with a million rows and once with eleven million, none of them left out, in turns and
each time with empty caches. Two times are taken:

* decoding: what BokehJS's own decoder takes for the bytes of the longer column in the page, by million;
* making the document, from when the last byte is there: that of the plot of a million, and what each of the
  ten million more adds. On a busy machine the second is mostly noise.
"""

import tempfile
from dataclasses import dataclass, field
from statistics import median

import numpy as np
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure
from playwright.sync_api import Browser, Page, Request, sync_playwright

import bokeh_cloud
from tests.bench.page_load import FLAGS, idle_self
from tests.browser.chromium import find_chromium
from tests.conftest import one_process

MILLIONS = (1, 11)
ROUNDS = 5
AIM_BYTES = 1.01
AIM_MILLISECONDS = 5.0

MAKING = """() => {
    const at = (name) => performance.getEntriesByName(`bokeh-cloud:${name}`)[0].startTime;
    return at("decoded") - at("loaded");
}"""

DECODING = """() => {
    const source = Bokeh.documents[0].roots()[0].renderers[0].data_source;
    const {length, buffer} = source.data.y;
    const {Deserializer} = Bokeh.require("core/serialization/deserializer");
    const {ModelResolver} = Bokeh.require("core/resolvers");
    const array = {type: "bytes", data: {id: "0"}};
    const encoded = {type: "ndarray", array, dtype: "float64", shape: [length], order: "little"};
    const start = performance.now();
    const decoded = new Deserializer(new ModelResolver(null)).decode(encoded, new Map([["0", buffer]]));
    const took = performance.now() - start;
    if (decoded.length !== length || decoded[7] !== source.data.y[7]) throw new Error("wrong");
    return took;
}"""


@dataclass
class Opened:
    """Bytes of a column as it came, and milliseconds, of each round."""

    url: str
    rows: int
    bytes: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    decoding: list[float] = field(default_factory=list)

    def take(self, page: Page, requests: list[Request]) -> None:
        """Note what a page did."""
        self.times.append(page.evaluate(MAKING))
        self.decoding.append(page.evaluate(DECODING))
        columns = [request.sizes() for request in requests if "/data/columns/" in request.url]
        self.bytes += [size["responseBodySize"] + size["responseHeadersSize"] for size in columns]


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        with one_process(f"local://{folder}", BOKEH_CLOUD_REFINE_ROWS="0") as cloud:
            few, many = (publish(cloud, millions) for millions in MILLIONS)
            for _ in range(ROUNDS):
                for opened in (few, many):
                    look(browser, opened)
        browser.close()
    report(few, many)


def publish(cloud: str, millions: int) -> Opened:
    """Publish a plot of random numbers, with an x of few bytes; nothing is drawn."""
    rows = millions * 1_000_000
    plot = figure(width=600, height=300)
    y = np.random.default_rng(1).standard_normal(rows)
    plot.scatter("x", "y", source=ColumnDataSource({"x": np.zeros(rows, np.uint8), "y": y}), visible=False)
    return Opened(bokeh_cloud.Server(cloud).publish(plot, f"{millions} million").embed_url, rows)


def look(browser: Browser, opened: Opened) -> None:
    """Open a plot with empty caches."""
    context = browser.new_context()
    page = context.new_page()
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.append(request))  # it takes no builtin
    page.goto(opened.url, wait_until="commit")
    idle_self(page)
    opened.take(page, finished)
    context.close()


def report(few: Opened, many: Opened) -> None:
    """Print both figures."""
    for opened in (few, many):
        ratio = max(size / (8 * opened.rows) for size in opened.bytes if size > 2 * opened.rows)
        print(f"{opened.rows:,} float64 came as {ratio:.5f} of their bytes, with headers (aim {AIM_BYTES})")
    decoding = sorted(took / MILLIONS[1] for took in many.decoding)
    print(f"decoding a million: {spread(decoding)} ms (aim {AIM_MILLISECONDS})")
    pairs = zip(few.times, many.times, strict=True)
    more = sorted((long - short) / (MILLIONS[1] - MILLIONS[0]) for short, long in pairs)
    print(
        f"making the document of a million: {spread(sorted(few.times))} ms; each more adds {spread(more)} ms"
    )


def spread(times: list[float]) -> str:
    """Return the median of times in ascending order, the least and the greatest."""
    return f"{median(times):.2f} ({times[0]:.2f} to {times[-1]:.2f})"
