"""Pictures of plots, which browsers send: checked, and drawn anew, so that nothing else is in them."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from bokeh_common.errors import Invalid

MAX_BYTES = 2 << 20  # as it is sent
MAX_PIXELS = 4_000_000
SIZE = (480, 300)  # pixels; a picture is made to fit, and never larger
COLOURS = 64  # a thumbnail of noise has 144 KB then, one of a line about 6


def redrawn(data: bytes) -> bytes:
    """Return the PNG made small, of its pixels alone: no metadata, nothing after its end.

    Raises:
        Invalid: it is no PNG, or one of very many pixels.
    """
    with _told_what_it_must_be():
        picture = Image.open(io.BytesIO(data), formats=["PNG"])
    if picture.width * picture.height > MAX_PIXELS:
        raise Invalid(f"The picture has more than {MAX_PIXELS:,} pixels; make it smaller.")
    with _told_what_it_must_be():
        picture.load()
    return _png(_on_white(picture))


@contextmanager
def _told_what_it_must_be() -> Iterator[None]:
    try:
        yield
    except Exception:  # noqa: BLE001  # Pillow raises nearly any of them for files that are broken
        raise Invalid("The picture must be a PNG file.", slug="not-a-picture") from None


def _on_white(picture: Image.Image) -> Image.Image:
    picture = picture.convert("RGBA")
    picture.thumbnail(SIZE, Image.Resampling.LANCZOS)
    paper = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(paper, picture).convert("RGB")


def _png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.quantize(COLOURS).save(stream, "PNG", optimize=True)
    return stream.getvalue()
