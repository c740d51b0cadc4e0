"""Thumbnails of plots: images that browsers send, rendered again so that they contain nothing but pixels."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from bokeh_common.errors import Invalid

MAX_BYTES = 2 << 20  # as sent
MAX_PIXELS = 4_000_000
SIZE = (480, 300)  # pixels; an image is made to fit, and never enlarged
COLORS = 64  # a thumbnail of noise then has 144 KB, one of a line about 6 KB


def render_thumbnail(data: bytes) -> bytes:
    """Return a PNG reduced to the size of thumbnails, without metadata or trailing bytes.

    Raises:
        Invalid: the data are not a PNG, or have too many pixels.
    """
    with _invalid_if_unreadable():
        image = Image.open(io.BytesIO(data), formats=["PNG"])
    if image.width * image.height > MAX_PIXELS:
        raise Invalid(f"The image has more than {MAX_PIXELS:,} pixels; make it smaller.")
    with _invalid_if_unreadable():
        image.load()
    return _png(_on_white(image))


@contextmanager
def _invalid_if_unreadable() -> Iterator[None]:
    try:
        yield
    except Exception:  # noqa: BLE001  # Pillow raises nearly any exception for damaged files
        raise Invalid("The image must be a PNG file.", slug="not-a-picture") from None


def _on_white(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    image.thumbnail(SIZE, Image.Resampling.LANCZOS)
    background = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(background, image).convert("RGB")


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.quantize(COLORS).save(stream, "PNG", optimize=True)
    return stream.getvalue()
