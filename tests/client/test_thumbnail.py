"""Pictures that `publish` draws where Bokeh can export."""

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


def drawn(colour: str = "red") -> figure:
    made = figure(width=600, height=400)
    made.rect(0, 0, 2, 2, color=colour)
    return made


def picture_of(plot: bokeh_cloud.Plot) -> Image.Image | None:
    answer = requests.get(f"{plot.url.removesuffix('/show')}/thumbnail.png", timeout=30)
    return Image.open(io.BytesIO(answer.content)).convert("RGB") if answer.ok else None


@exports
def test_a_picture_is_drawn_on_request(
    server: bokeh_cloud.Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("selenium")
    monkeypatch.setenv("BOKEH_IN_DOCKER", "1")  # Chromium runs without its sandbox, as root must
    assert picture_of(server.publish(drawn(), "without a picture")) is None
    picture = picture_of(server.publish(drawn(), "with a picture", thumbnail=True))
    assert picture is not None, caplog.text
    assert picture.getpixel((picture.width // 2, picture.height // 2)) == (255, 0, 0)
    document = Document()
    document.add_root(drawn("blue"))
    monkeypatch.setenv("BOKEH_CLOUD_THUMBNAIL", "yes")
    picture = picture_of(bokeh_cloud.Server().publish(document, "with a picture"))
    assert picture is not None
    assert picture.getpixel((picture.width // 2, picture.height // 2)) == (0, 0, 255)


def test_where_none_can_be_drawn_it_is_published_all_the_same(
    server: bokeh_cloud.Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delitem(sys.modules, "bokeh.io.webdriver", raising=False)
    for name in ("selenium", "selenium.webdriver"):
        monkeypatch.setitem(sys.modules, name, None)  # as where it is not installed
    caplog.set_level(logging.WARNING)
    plot = server.publish(drawn("green"), "no browser", thumbnail=True)
    assert (plot.version, picture_of(plot)) == (1, None)
    assert "No picture of no browser: To use bokeh.io image export" in caplog.text
    caplog.clear()
    monkeypatch.setenv("BOKEH_CLOUD_THUMBNAIL", "yes")
    assert bokeh_cloud.Server().publish(drawn("blue"), "no browser").version == 2
    assert not caplog.text


def test_no_browser_gets_a_gigabyte(server: bokeh_cloud.Server, caplog: pytest.LogCaptureFixture) -> None:
    made = drawn()
    made.line(np.arange(2_000_000.0), np.arange(2_000_000.0))
    started = time.monotonic()
    server.publish(made, "no gigabyte", thumbnail=True)
    assert "bytes of data, and pictures are drawn of" in caplog.text
    assert time.monotonic() - started < 60
