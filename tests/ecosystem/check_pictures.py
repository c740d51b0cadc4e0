"""A published object looks as in its library's own export, and is stored without losing a value."""

import io
import re
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Frame

import bokeh_cloud
from tests.ecosystem import holoviews_objects, other_objects, panel_objects  # noqa: F401  # fill the registry
from tests.ecosystem.reference_pages import reference_html
from tests.ecosystem.subjects import SUBJECTS, Subject
from tests.support.chromium import screenshot, wait_idle
from tests.support.pixels import artifact_folder
from tests.support.published_page import (
    FILL,
    FRAME,
    Camera,
    Screenshot,
    find_frame,
    frame_size,
    take_published,
)

#: The share of pixels that may differ by more than `SHADES` of 255: the edges of text.
TOLERATED, SHADES = 0.01, 8


#: For documents that never become idle: how long pages get to draw them, in milliseconds.
DRAWING = 2000

#: What the browser reports when a document asks for a page of another server.
FOREIGN_PAGE = re.compile("Framing 'https://|frame-src blocked https://")


def pixels(png: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def wait(frame: Frame, subject: Subject) -> None:
    """Wait until an object is drawn."""
    if subject.becomes_idle:
        wait_idle(frame)
    else:
        frame.wait_for_function("() => window.Bokeh?.documents.length > 0")
        frame.wait_for_timeout(DRAWING)


def take_published_object(camera: Camera, url: str, subject: Subject) -> Screenshot:
    """Return a screenshot of the frame in the page of an object."""
    if subject.becomes_idle:
        return take_published(camera, url)
    with camera.open(url) as tab:
        element, frame = find_frame(tab.page)
        frame.wait_for_selector("html[data-state=ready]", state="attached")
        wait(frame, subject)
        size = frame_size(frame)
        element.evaluate(FILL, size)
        tab.page.set_viewport_size({"width": size[0], "height": size[1]})
        tab.page.wait_for_timeout(DRAWING)
        return Screenshot(screenshot(tab.page), size, tuple(tab.errors))


def take_reference(camera: Camera, subject: Subject, size: tuple[int, int]) -> bytes:
    """Return a screenshot of the library's own page, in a frame of `size` that fills the window."""
    camera.site.write(str(subject), reference_html(subject))
    url = camera.site.write(f"{subject} in a frame", FRAME.format(source=quote(f"{subject}.html")))
    with camera.open(url, size) as tab:
        frame = find_frame(tab.page)[1]
        wait(frame, subject)
        return screenshot(tab.page)


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_a_published_object_looks_as_in_its_own_export(
    camera: Camera, server: bokeh_cloud.Server, subject: Subject
) -> None:
    plot = server.publish(subject.build(), str(subject))
    published = take_published_object(camera, plot.url, subject)
    assert [error for error in published.errors if not FOREIGN_PAGE.search(error)] == []
    assert pixels(published.png).std() > 0, "it is blank"
    if not subject.repeats:
        return
    reference = take_reference(camera, subject, published.size)
    difference = abs(pixels(published.png) - pixels(reference)).max(2)
    share = float((difference > SHADES).mean())
    if share > TOLERATED:
        folder = artifact_folder(str(subject))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "published.png").write_bytes(published.png)
        (folder / "reference.png").write_bytes(reference)
    assert share <= TOLERATED, f"{share:.1%} of the pixels differ; see {artifact_folder(str(subject))}"
