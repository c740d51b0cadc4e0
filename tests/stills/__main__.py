"""Makes the stills of the README in `docs/stills/` (`make stills`).

They show the pages of a cloud with accounts in Chromium: a line of 100 million points and what one of its
seconds looks like, and a live plot with the dialog in which it is shared. It takes a minute, 5 GB of memory
and 3 GB of disk.
"""

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from bokeh.plotting import figure
from PIL import Image
from playwright.sync_api import Frame, Page, sync_playwright

from bokeh_cloud import Plot, Server
from tests import ROOT
from tests.support.chromium import find_headless_shell, frame_of, launch, screenshot, wait_idle
from tests.support.populated_cloud import (
    PUBLISHING,
    Appearance,
    PopulatedCloud,
    open_browser_tab,
    open_plot,
)
from tests.support.users import User, start_cloud_with_accounts

FOLDER = ROOT / "docs" / "stills"
WINDOW = Appearance(1200, 660)
NARROW = Appearance(900, 700)
MARGIN = 16
COLORS = 256
QUOTA = str(1 << 33)

POINTS = int(float(os.environ.get("STILL_POINTS", "1e8")))
POINTS_PER_SECOND = 10_000
BLUE, ORANGE = "#2f6690", "#d1773c"
MODEL = "Bokeh.documents[0].roots()[0]"


def main() -> None:
    """Make both stills."""
    with tempfile.TemporaryDirectory(prefix="stills-") as folder, user_of_cloud(Path(folder)) as user:
        server = Server(user.cloud.url, apikey=user.make_key(*PUBLISHING))
        with sync_playwright() as playwright:
            browser = launch(playwright, find_headless_shell())
            with open_browser_tab(browser, WINDOW, locale="en-US", timezone_id="UTC") as tab:
                PopulatedCloud(user.cloud, user, "").sign_in(tab.page.context)
                save("zoom", photograph_zoom(tab.page, publish_vibration(server)))
                save("live", photograph_live_plot(tab.page, server), beside=True)


@contextmanager
def user_of_cloud(folder: Path) -> Iterator[User]:
    """Start a cloud, and register a user."""
    storage = f"local://{folder / 'storage'}"
    with start_cloud_with_accounts(storage, BOKEH_CLOUD_QUOTA_BYTES=QUOTA) as cloud:
        user = User(cloud, "maria")
        user.register()
        yield user


def save(name: str, images: list[bytes], *, beside: bool = False) -> None:
    """Save screenshots, one below the other or beside it, as a PNG with a palette."""
    read = [Image.open(io.BytesIO(data)).convert("RGB") for data in images]
    widths, heights = [image.width for image in read], [image.height for image in read]
    size = (sum(widths), max(heights)) if beside else (max(widths), sum(heights))
    still, place = Image.new("RGB", size), 0
    for image in read:
        still.paste(image, (place, 0) if beside else (0, place))
        place += image.width if beside else image.height
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / f"{name}.png"
    still.quantize(COLORS, dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{file.relative_to(ROOT)}: {still.width} x {still.height}, {file.stat().st_size:,} bytes")


def publish_vibration(server: Server) -> Plot:
    """Publish almost three hours of a machine's vibration: it speeds up, and is hit now and then."""
    seconds = POINTS / POINTS_PER_SECOND
    t = np.arange(POINTS, dtype="f8") / POINTS_PER_SECOND
    y = np.random.default_rng(1).standard_normal(POINTS, dtype="f4") * np.float32(0.2)
    y += (0.3 + 0.7 * np.minimum(t / seconds * 3, 1)).astype("f4") * np.sin(
        (t * 40 % 1 * 2 * np.pi).astype("f4")
    )
    for place, size in ((0.14, 3), (0.385, 6), (0.55, 2.5), (0.81, 4)):
        start = int(place * POINTS)
        after = t[start : start + POINTS_PER_SECOND] - t[start]
        y[start : start + POINTS_PER_SECOND] += size * np.exp(-after * 8) * np.sin(after * 2 * np.pi * 55)
    plot = figure(
        title=None, height=440, sizing_mode="stretch_width", tools="pan,box_zoom,wheel_zoom,reset",
        active_scroll="wheel_zoom", x_axis_label="seconds", y_axis_label="acceleration in g",
    )  # fmt: skip
    plot.line(t, y, color=BLUE)
    return server.publish(plot, "vibration", title="Vibration of a pump, 100 million points")


def photograph_zoom(page: Page, plot: Plot) -> list[bytes]:
    """Return the page with the whole line, and the plot after a zoom to one second of it."""
    open_plot(page, plot.url)
    frame = frame_of(page)
    whole = screenshot(page)
    hit = 0.385 * POINTS / POINTS_PER_SECOND
    zoom(frame, hit - 0.2, hit + 0.8)
    box = page.locator("iframe.plot-frame").bounding_box()
    assert box is not None
    top = box["y"] - MARGIN
    return [whole, photograph(page, 0, top, WINDOW.width, WINDOW.height - top)]


def photograph(page: Page, x: float, y: float, width: float, height: float) -> bytes:
    """Return a PNG of a rectangle of the visible part of a page."""
    return page.screenshot(
        caret="initial", animations="allow", clip={"x": x, "y": y, "width": width, "height": height}
    )


def zoom(frame: Frame, start: float, end: float) -> None:
    """Show a range of x, and wait until the rows in it are drawn."""
    shown = f"""([start, end]) => {{
      const xs = {MODEL}.renderers[0].data_source.data.x
      return xs[0] >= start - (end - start) * 2 && xs[xs.length - 1] <= end + (end - start) * 2
    }}"""
    # As the tools do, so that the range does not follow the data.
    set_range = f"{MODEL}.x_range.have_updated_interactively = true; {MODEL}.x_range.setv({{start, end}})"
    frame.evaluate(f"([start, end]) => {{ {set_range} }}", [start, end])
    frame.wait_for_function(shown, arg=[start, end])
    wait_idle(frame)


def photograph_live_plot(page: Page, server: Server) -> list[bytes]:
    """Return the page of a live plot after rows have arrived, and the dialog in which it is shared."""
    count, step = 900, timedelta(seconds=1)
    start = datetime.now(UTC).replace(tzinfo=None) - count * step
    times = np.array([start + i * step for i in range(count)], "datetime64[ms]")
    random = np.random.default_rng(7)
    inlet, outlet = (base + np.cumsum(random.normal(0, 0.05, count)) for base in (61.0, 54.0))
    source = server.DataSource("boiler", t=times[:-60], inlet=inlet[:-60], outlet=outlet[:-60])
    plot = figure(
        title=None, height=440, sizing_mode="stretch_width", x_axis_type="datetime",
        tools="pan,box_zoom,reset", y_axis_label="°C",
    )  # fmt: skip
    plot.line("t", "inlet", source=source, color=ORANGE, line_width=2, legend_label="inlet")
    plot.line("t", "outlet", source=source, color=BLUE, line_width=2, legend_label="outlet")
    plot.legend.location = "top_right"
    published = server.publish(plot, "boiler", title="Boiler, live")
    page.set_viewport_size({"width": NARROW.width, "height": NARROW.height})
    open_plot(page, published.url)
    frame = frame_of(page)
    source.stream(t=times[-60:], inlet=inlet[-60:], outlet=outlet[-60:])
    frame.wait_for_function(f"{MODEL}.renderers[0].data_source.data.t.length == {count}")
    wait_idle(frame)
    live = screenshot(page)
    page.get_by_role("button", name="Share", exact=True).click()
    box = page.get_by_role("dialog").bounding_box()
    assert box is not None
    return [live, photograph(page, box["x"] - MARGIN, 0, box["width"] + 2 * MARGIN, NARROW.height)]


if __name__ == "__main__":
    main()
