"""A column of float64 in the browser: how many bytes are transferred, and how long BokehJS decodes it.

A plot of a million rows and one of eleven million, both without downsampling, are opened alternately, each
time with empty caches. Two times are measured:

* decoding: the time that BokehJS's decoder takes for a million values of the longer column;
* creating the document, after the last byte has arrived: for a million rows, and for each additional million.
  On a busy machine the latter is mostly noise.
"""

import tempfile
from dataclasses import dataclass, field

import numpy as np
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure
from playwright.sync_api import Browser, Page, Request, sync_playwright

import bokeh_cloud
from tests.bench.figures import spread
from tests.bench.page_load import FLAGS, wait_for_plot_page
from tests.support.chromium import find_chromium, frame_of
from tests.support.embedded_server import one_process

MILLIONS = (1, 11)
ROUNDS = 5
AIM_BYTES = 1.01
AIM_MILLISECONDS = 5.0

DOCUMENT_TIME = """() => {
    const at = (name) => performance.getEntriesByName(`bokeh-cloud:${name}`)[0].startTime;
    return at("decoded") - at("loaded");
}"""

DECODING_TIME = """() => {
    const source = Bokeh.documents[0].roots()[0].renderers[0].data_source;
    const {length, buffer} = source.data.y;
    const {Deserializer} = Bokeh.require("core/serialization/deserializer");
    const {ModelResolver} = Bokeh.require("core/resolvers");
    const array = {type: "bytes", data: {id: "0"}};
    const encoded = {type: "ndarray", array, dtype: "float64", shape: [length], order: "little"};
    const start = performance.now();
    const decoded = new Deserializer(new ModelResolver(null)).decode(encoded, new Map([["0", buffer]]));
    const milliseconds = performance.now() - start;
    if (decoded.length !== length || decoded[7] !== source.data.y[7]) throw new Error("wrong values");
    return milliseconds;
}"""


@dataclass
class PlotMeasurements:
    """The measurements of a plot, one of each round.

    Attributes:
        url: the URL of the page.
        rows: the number of rows.
        bytes: the size of responses with columns.
        times: milliseconds for creating the document.
        decoding: milliseconds for decoding the column.
    """

    url: str
    rows: int
    bytes: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    decoding: list[float] = field(default_factory=list)

    def record(self, page: Page, requests: list[Request]) -> None:
        """Add the measurements of an open page."""
        frame = frame_of(page)
        self.times.append(frame.evaluate(DOCUMENT_TIME))
        self.decoding.append(frame.evaluate(DECODING_TIME))
        columns = [request.sizes() for request in requests if "/data/columns/" in request.url]
        self.bytes += [size["responseBodySize"] + size["responseHeadersSize"] for size in columns]


def main() -> None:
    """Measure and print the figures."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        with one_process(f"local://{folder}", BOKEH_CLOUD_REFINE_ROWS="0") as cloud:
            few, many = (publish(cloud, millions) for millions in MILLIONS)
            for _ in range(ROUNDS):
                for plot in (few, many):
                    open_plot(browser, plot)
        browser.close()
    report(few, many)


def publish(cloud: str, millions: int) -> PlotMeasurements:
    """Publish a plot of random numbers with an x of uint8, whose glyph is not visible."""
    rows = millions * 1_000_000
    plot = figure(width=600, height=300)
    y = np.random.default_rng(1).standard_normal(rows)
    plot.scatter("x", "y", source=ColumnDataSource({"x": np.zeros(rows, np.uint8), "y": y}), visible=False)
    return PlotMeasurements(bokeh_cloud.Server(cloud).publish(plot, f"{millions} million").url, rows)


def open_plot(browser: Browser, plot: PlotMeasurements) -> None:
    """Open a plot with empty caches, and measure it."""
    context = browser.new_context()
    page = context.new_page()
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.append(request))  # a builtin is not accepted
    page.goto(plot.url, wait_until="commit")
    wait_for_plot_page(page)
    plot.record(page, finished)
    context.close()


def report(few: PlotMeasurements, many: PlotMeasurements) -> None:
    """Print the figures of both plots."""
    for plot in (few, many):
        ratio = max(size / (8 * plot.rows) for size in plot.bytes if size > 2 * plot.rows)
        print(
            f"{plot.rows:,} float64: {ratio:.5f} of their bytes transferred, with headers (aim {AIM_BYTES})"
        )
    decoding = [time / MILLIONS[1] for time in many.decoding]
    print(f"decoding a million: {spread(decoding, 2)} ms (aim {AIM_MILLISECONDS})")
    pairs = zip(few.times, many.times, strict=True)
    additional = [(long - short) / (MILLIONS[1] - MILLIONS[0]) for short, long in pairs]
    first = spread(few.times, 2)
    print(f"creating the document of a million: {first} ms; each additional one: {spread(additional, 2)} ms")
