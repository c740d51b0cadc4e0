"""A published object looks as in its library's own export, and is stored without losing a value."""

import io
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

import bokeh_cloud
from tests.ecosystem import holoviews_objects, other_objects, panel_objects  # noqa: F401  # fill the registry
from tests.ecosystem.reference_pages import reference_html
from tests.ecosystem.subjects import SUBJECTS, Subject
from tests.support.chromium import screenshot, wait_idle
from tests.support.pixels import artifact_folder
from tests.support.published_page import FRAME, Camera, find_frame, take_published

#: The share of pixels that may differ by more than `SHADES` of 255: the edges of text.
TOLERATED, SHADES = 0.01, 8


def pixels(png: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def take_reference(camera: Camera, subject: Subject, size: tuple[int, int]) -> bytes:
    """Return a screenshot of the library's own page, in a frame of `size` that fills the window."""
    camera.site.write(str(subject), reference_html(subject))
    url = camera.site.write(f"{subject} in a frame", FRAME.format(source=quote(f"{subject}.html")))
    with camera.open(url, size) as tab:
        wait_idle(find_frame(tab.page)[1])
        return screenshot(tab.page)


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_a_published_object_looks_as_in_its_own_export(
    camera: Camera, server: bokeh_cloud.Server, subject: Subject
) -> None:
    plot = server.publish(subject.build(), str(subject))
    published = take_published(camera, plot.url)
    assert published.errors == ()
    reference = take_reference(camera, subject, published.size)
    difference = abs(pixels(published.png) - pixels(reference)).max(2)
    share = float((difference > SHADES).mean())
    if share > TOLERATED:
        folder = artifact_folder(str(subject))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "published.png").write_bytes(published.png)
        (folder / "reference.png").write_bytes(reference)
    assert share <= TOLERATED, f"{share:.1%} of the pixels differ; see {artifact_folder(str(subject))}"
    assert pixels(reference).std() > 0, "the reference is blank, so equal pixels prove nothing"
