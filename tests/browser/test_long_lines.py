"""Long lines look like Bokeh's own page of them, whether they are drawn from windows or loaded whole."""

import io
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
from bokeh.model import Model
from PIL import Image

import bokeh_cloud
from tests.gallery.long_lines import LONG_LINES, ROWS, build_all
from tests.support.chromium import wait_ready
from tests.support.embedded_server import one_process
from tests.support.pixels import artifact_folder
from tests.support.published_page import Camera, find_frame, take_published, take_reference

#: The shares of pixels that may differ by more than so much of 255. BokehJS draws edges in other shades if it
#: gets fewer rows, even if these are the same line; `tests/bench/line_pictures.py` measures how much that is.
TOLERATED = {8: 0.03, 64: 0.002}

#: By how much the sum of all shades may differ: lines are neither bolder nor thinner.
INK = 0.03

#: How often pictures are taken until they are similar: on a busy machine, a screenshot can be older than what
#: the page says that it has drawn.
ATTEMPTS = 3

#: What the browser reports when the server cannot make a window, after which the page loads all rows.
NO_WINDOW = "422 (Unprocessable"

#: Returns for each figure of a document, in their order, how many rows are loaded.
LOADED = """() => Bokeh.documents[0].roots()[0].children.flatMap((row) => row.children)
  .map((figure) => figure.renderers[0].data_source.get_length())"""


@cache
def builder(subject: str) -> Any:
    """Return the builder of a document; the same one each time, since screenshots are kept by it."""
    return partial[Model](build_all, LONG_LINES[subject])


def loaded_rows(camera: Camera, url: str) -> list[int]:
    """Return how many rows of each figure a page has loaded."""
    with camera.open(url) as tab:
        frame = find_frame(tab.page)[1]
        wait_ready(frame)
        return [int(rows) for rows in frame.evaluate(LOADED)]


def save(name: str, published: bytes, reference: bytes) -> None:
    """Save two pictures that differ."""
    folder = artifact_folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "published.png").write_bytes(published)
    (folder / "reference.png").write_bytes(reference)


def pixels(png: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bokeh_cloud.Server]:
    """A server that renders columns of `ROWS` rows from windows."""
    storage = f"local://{tmp_path_factory.mktemp('long lines')}"
    with one_process(storage, BOKEH_CLOUD_REFINE_ROWS=str(ROWS)) as url:
        yield bokeh_cloud.Server(url)


@pytest.mark.parametrize("subject", LONG_LINES)
def test_long_lines_look_like_bokehs_own_page(
    camera: Camera, server: bokeh_cloud.Server, subject: str
) -> None:
    shapes = LONG_LINES[subject]
    url = server.publish(builder(subject)(), f"long lines, {subject}").url
    rows = loaded_rows(camera, url)
    assert {name: rows[i] < ROWS for i, name in enumerate(shapes)} == {
        name: shape.windowed for name, shape in shapes.items()
    }
    for attempts_left in reversed(range(ATTEMPTS)):
        published = take_published(camera, url)
        reference = take_reference(camera, f"long lines, {subject}", builder(subject), published.size)
        assert reference.errors == ()
        assert [error for error in published.errors if NO_WINDOW not in error] == []
        try:
            assert_similar(pixels(published.png), pixels(reference.png))
        except AssertionError:
            save(f"long lines, {subject}", published.png, reference.png)
            if not attempts_left:
                raise
            camera.references.clear()
        else:
            return


def assert_similar(found: Any, expected: Any) -> None:
    """Check that two pictures differ in few pixels, and are equally dark."""
    difference = abs(found - expected).max(2)
    shares = {limit: float((difference > limit).mean()) for limit in TOLERATED}
    assert all(shares[limit] < TOLERATED[limit] for limit in TOLERATED), shares
    assert (255 - found).sum() == pytest.approx((255 - expected).sum(), rel=INK)
