"""Thumbnails and views."""

import io
import zlib

import pytest
from PIL import Image, PngImagePlugin

from bokeh_common.errors import Invalid
from bokeh_plots.thumbnails import SIZE, redrawn


def png(size: tuple[int, int] = (800, 600), mode: str = "RGB", **how: object) -> bytes:
    stream = io.BytesIO()
    Image.effect_noise(size, 80).convert(mode).save(stream, "PNG", **how)
    return stream.getvalue()


def test_a_picture_is_made_small() -> None:
    made = redrawn(png())
    picture = Image.open(io.BytesIO(made))
    assert picture.format == "PNG"
    assert picture.width <= SIZE[0]
    assert picture.height <= SIZE[1]
    assert picture.width / picture.height == pytest.approx(4 / 3, abs=0.01)
    assert len(made) < 150_000, "noise is the most that a thumbnail can be"


def test_nothing_else_comes_through() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "<script>alert(1)</script>")
    made = redrawn(png(pnginfo=notes) + b"<script>alert(2)</script>")
    assert b"script" not in made


def test_what_is_transparent_becomes_white() -> None:
    stream = io.BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(stream, "PNG")
    assert Image.open(io.BytesIO(redrawn(stream.getvalue()))).convert("RGB").getpixel((5, 5)) == (255,) * 3


def jpeg() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (9, 9)).save(stream, "JPEG")
    return stream.getvalue()


def with_chunk(kind: bytes, data: bytes) -> bytes:
    """Return a PNG with a chunk before its end."""
    picture, body = png(), kind + data
    chunk = len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    return picture[:-12] + chunk + picture[-12:]


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"hello",
        b"\x89PNG\r\n\x1a\n",
        jpeg(),
        png()[:2000],
        b"<svg xmlns='x'/>",
        with_chunk(b"iCCP", b"a\0"),
    ],
    ids=range(7),
)
def test_what_is_no_picture(wrong: bytes) -> None:
    with pytest.raises(Invalid, match="PNG"):
        redrawn(wrong)


def test_a_bomb_is_not_unpacked() -> None:
    stream = io.BytesIO()
    Image.new("1", (3000, 3000)).save(stream, "PNG")
    assert len(stream.getvalue()) < 100_000
    with pytest.raises(Invalid, match="pixels"):
        redrawn(stream.getvalue())
