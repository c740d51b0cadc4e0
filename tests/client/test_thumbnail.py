"""Thumbnails that `publish` renders by Bokeh's export."""

import io
import logging
import shutil
import sys
import time

import numpy as np
import pytest
import requests
from bokeh.document import Document
from bokeh.plotting import figure
from PIL import Image

import bokeh_cloud

exports = pytest.mark.skipif(
    not shutil.which("chromedriver"), reason="chromedriver is missing: apt install chromium-driver"
)


def make_figure(colour: str = "red") -> figure:
    fig = figure(width=600, height=400)
    fig.rect(0, 0, 2, 2, color=colour)
    return fig


def thumbnail_of(plot: bokeh_cloud.Plot) -> Image.Image | None:
    response = requests.get(f"{plot.url.removesuffix('/show')}/thumbnail.png", timeout=30)
    return Image.open(io.BytesIO(response.content)).convert("RGB") if response.ok else None


@exports
def test_a_thumbnail_is_rendered_on_request(
    server: bokeh_cloud.Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("selenium")
    monkeypatch.setenv("BOKEH_IN_DOCKER", "1")  # Chromium runs without its sandbox, as root must
    assert thumbnail_of(server.publish(make_figure(), "without a thumbnail")) is None
    image = thumbnail_of(server.publish(make_figure(), "with a thumbnail", thumbnail=True))
    assert image is not None, caplog.text
    assert image.getpixel((image.width // 2, image.height // 2)) == (255, 0, 0)
    document = Document()
    document.add_root(make_figure("blue"))
    monkeypatch.setenv("BOKEH_CLOUD_THUMBNAIL", "yes")
    image = thumbnail_of(bokeh_cloud.Server().publish(document, "with a thumbnail"))
    assert image is not None
    assert image.getpixel((image.width // 2, image.height // 2)) == (0, 0, 255)


def test_a_plot_is_published_even_if_rendering_fails(
    server: bokeh_cloud.Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delitem(sys.modules, "bokeh.io.webdriver", raising=False)
    for name in ("selenium", "selenium.webdriver"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    caplog.set_level(logging.WARNING)
    plot = server.publish(make_figure("green"), "no browser", thumbnail=True)
    assert (plot.version, thumbnail_of(plot)) == (1, None)
    assert "No thumbnail of no browser: To use bokeh.io image export" in caplog.text
    caplog.clear()
    monkeypatch.setenv("BOKEH_CLOUD_THUMBNAIL", "yes")
    assert bokeh_cloud.Server().publish(make_figure("blue"), "no browser").version == 2
    messages = [record for record in caplog.records if record.name.partition(".")[0] == "bokeh_cloud"]
    assert not messages


def test_plots_with_much_data_are_not_rendered(
    server: bokeh_cloud.Server, caplog: pytest.LogCaptureFixture
) -> None:
    fig = make_figure()
    fig.line(np.arange(2_000_000.0), np.arange(2_000_000.0))
    started = time.monotonic()
    server.publish(fig, "no gigabyte", thumbnail=True)
    assert "bytes of data, and the limit for thumbnails is" in caplog.text
    assert time.monotonic() - started < 60
