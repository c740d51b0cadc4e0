"""Live rows: from the call of `stream()` to the event at a reader, and to the pixels of a page.

* One reader and one page: the times of `BENCH_APPENDS` appends (200) of ten rows with four columns, at
  `BENCH_RATE` a second (10), and the bytes of events for each of them. The baseline of pages is `bokeh
  serve`, of which a callback appends the same rows, without the request of a client.
* `BENCH_STREAMS` streams (2000) of one plot at 20 appends a second, for `BENCH_SECONDS` (20): the time until
  an event has arrived at all of them, and whether one of them missed a row or got it twice. The readers are
  in another process on the same machine.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from bokeh.plotting import figure
from playwright.sync_api import Page, sync_playwright

import bokeh_cloud
from tests.bench.live_readers import Arrivals, read_streams
from tests.bench.page_load import FLAGS
from tests.support.chromium import find_chromium, frame_of
from tests.support.embedded_server import one_process, wait_for
from tests.support.live_rows import state_of
from tests.support.ports import free_port

APPENDS = int(os.environ.get("BENCH_APPENDS", "200"))
RATE = float(os.environ.get("BENCH_RATE", "10"))
STREAMS = int(os.environ.get("BENCH_STREAMS", "2000"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "20"))
STREAM_RATE = 20.0
ROWS = 10
COLUMNS = ("t", "a", "b", "c")
ROW_BYTES = ROWS * 8 * len(COLUMNS)

#: Notes the number of rows and the time, in milliseconds since 1970, whenever rows were painted.
WATCH = """() => {
  const models = [...Bokeh.documents[0]._all_models.values()];
  const source = models.find((model) => model.type === "ColumnDataSource" && model.data.t);
  window.painted = [];
  source.streaming.connect(() => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => window.painted.push([source.data.t.at(-1), Date.now()]);
    channel.port2.postMessage(null);  // a task after the frame was painted
  }));
}"""

#: An app of `bokeh serve`: a callback appends rows, and writes down when.
SERVED = """
import time
import numpy as np
from bokeh.plotting import curdoc, figure
from bokeh.models import ColumnDataSource

names, number = ("t", "a", "b", "c"), 0
source = ColumnDataSource({name: [] for name in names})
plot = figure(width=800, height=300)
for name in names[1:]:
    plot.line("t", name, source=source)

def append():
    global number
    t = np.arange(number, number + ROWS, dtype=float)
    number += ROWS
    with open("TIMES", "a") as times:
        print(t[-1], time.time(), file=times)
    source.stream({"t": t, **{name: np.sin(t / (10 + i)) for i, name in enumerate(names[1:])}})

curdoc().add_root(plot)
curdoc().add_periodic_callback(append, int(1000 / RATE))
"""

Append = Callable[[dict[str, Any]], object]


def main() -> None:
    """Measure and print the figures."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (20_000, limits[1]))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        with one_process(f"local://{folder}/one") as url:
            server = bokeh_cloud.Server(url)
            measure_page(server)
            measure_reader(server)
            measure_streams(server)
        measure_bokeh_server(Path(folder))


def rows_from(number: int) -> dict[str, Any]:
    """Return ten rows; the first column counts them."""
    t = np.arange(number, number + ROWS, dtype=float)
    return {"t": t, **{name: np.sin(t / (10 + i)) for i, name in enumerate(COLUMNS[1:])}}


def publish(server: Any, name: str) -> tuple[Any, Any]:
    """Publish a plot of three lines, and return its source and the plot."""
    source = server.DataSource(name, **rows_from(0))
    fig = figure(width=800, height=300)
    for column in COLUMNS[1:]:
        fig.line("t", column, source=source)
    return source, server.publish(fig, name, visibility="public")


def append_all(append: Append, rate: float, count: int) -> dict[float, float]:
    """Append rows at a rate; return the time of each call, by the last number that it appends."""
    times, start = {}, time.time()
    for i in range(count):
        time.sleep(max(0.0, start + i / rate - time.time()))
        rows = rows_from((i + 1) * ROWS)
        times[float(rows["t"][-1])] = time.time()
        append(rows)
    return times


def measure_reader(server: Any) -> None:
    """Measure one event stream."""
    source, plot = publish(server, "reader")
    with read_streams(plot.url.removesuffix("/show"), state_of(server.url, plot.id), 1) as arrivals:
        times = append_all(source.stream, RATE, APPENDS)
        found = arrivals.wait(ROWS * (APPENDS + 1))
    report("event at one reader", [found.last[end] - at for end, at in times.items() if end in found.last])
    size = found.bytes / APPENDS
    print(f"bytes per append and viewer: {size:.0f} for {ROW_BYTES} of rows; aim {2 * ROW_BYTES + 500}")


def measure_streams(server: Any) -> None:
    """Measure many event streams of one plot."""
    source, plot = publish(server, "streams")
    count = int(SECONDS * STREAM_RATE)
    with read_streams(plot.url.removesuffix("/show"), state_of(server.url, plot.id), STREAMS) as arrivals:
        started = time.time()
        times = append_all(source.stream, STREAM_RATE, count)
        rate = count / (time.time() - started)
        found = arrivals.wait(ROWS * (count + 1))
    report_streams(found, times, rate)


def report_streams(found: Arrivals, times: dict[float, float], rate: float) -> None:
    """Print how the rows arrived at many streams."""
    delays = [found.delay_of(end, at) for end, at in times.items()]
    report(f"event at all of {STREAMS} streams, {rate:.1f} appends a second", delays)
    print(
        f"{found.complete} of {STREAMS} streams got all rows; {found.wrong} missed a row or got it twice; "
        f"{found.events / STREAMS:.0f} events for each"
    )


@contextmanager
def open_page(url: str) -> Iterator[Page]:
    """Open a page in Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        page = browser.new_page()
        page.goto(url)
        yield page
        browser.close()


def measure_page(server: Any) -> None:
    """Measure a plot page."""
    source, plot = publish(server, "page")
    with open_page(plot.url) as page:
        page.wait_for_timeout(3000)
        frame_of(page).evaluate(WATCH)
        times = append_all(source.stream, RATE, APPENDS)
        page.wait_for_timeout(2000)
        report_painted("paint of a page", times, painted_in(frame_of(page)))


def measure_bokeh_server(folder: Path) -> None:
    """Measure a page of `bokeh serve`."""
    app, times, port = folder / "app.py", folder / "times", free_port()
    values = {"ROWS": str(ROWS), "RATE": str(RATE), "TIMES": str(times)}
    text = SERVED
    for name, value in values.items():
        text = text.replace(name, value)
    app.write_text(text)
    command = [sys.executable, "-m", "bokeh", "serve", str(app), "--port", str(port)]
    server = subprocess.Popen([*command, "--log-level", "warning"])
    try:
        wait_for(f"http://localhost:{port}/static/js/bokeh.min.js", server)
        with open_page(f"http://localhost:{port}/app") as page:
            page.wait_for_timeout(3000)
            page.evaluate(WATCH)
            page.wait_for_timeout(int(1000 * APPENDS / RATE))
            painted = painted_in(page)
    finally:
        server.terminate()
        server.wait()
    called = [[float(part) for part in line.split()] for line in times.read_text().splitlines()]
    first, last = painted[0][0], painted[-1][0]
    report_painted("paint of bokeh serve", {end: at for end, at in called if first <= end <= last}, painted)


Painted = list[tuple[float, float]]


def painted_in(frame: Any) -> Painted:
    """Return which rows a page has painted, and when."""
    return [(number, at / 1000) for number, at in frame.evaluate("() => window.painted")]


def report_painted(name: str, times: dict[float, float], painted: Painted) -> None:
    """Print how long it took until rows were painted."""
    shown = {end: min((at for number, at in painted if number >= end), default=None) for end in times}
    report(name, [at - times[end] for end, at in shown.items() if at is not None])
    if missing := [end for end, at in shown.items() if at is None]:
        print(f"  {len(missing)} appends were not painted")


def report(name: str, seconds: list[float]) -> None:
    """Print percentiles in milliseconds."""
    ordered = sorted(1000 * value for value in seconds)
    p95 = ordered[int(len(ordered) * 0.95)]
    print(f"{name}: p50 {statistics.median(ordered):.1f} ms, p95 {p95:.1f} ms", flush=True)
