"""Thumbnails, which are rendered from PNG images."""

import io
import zlib

import pytest
from PIL import Image, PngImagePlugin

from bokeh_common.errors import Invalid
from bokeh_plots.plots.thumbnails import SIZE, render_thumbnail


def png(size: tuple[int, int] = (800, 600), mode: str = "RGB", **how: object) -> bytes:
    stream = io.BytesIO()
    Image.effect_noise(size, 80).convert(mode).save(stream, "PNG", **how)
    return stream.getvalue()


def test_a_thumbnail_is_small() -> None:
    made = render_thumbnail(png())
    image = Image.open(io.BytesIO(made))
    assert image.format == "PNG"
    assert image.width <= SIZE[0]
    assert image.height <= SIZE[1]
    assert image.width / image.height == pytest.approx(4 / 3, abs=0.01)
    assert len(made) < 150_000, "noise makes the largest thumbnail"


def test_metadata_and_trailing_bytes_are_removed() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "<script>alert(1)</script>")
    made = render_thumbnail(png(pnginfo=notes) + b"<script>alert(2)</script>")
    assert b"script" not in made


def test_transparent_pixels_become_white() -> None:
    stream = io.BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(stream, "PNG")
    assert (
        Image.open(io.BytesIO(render_thumbnail(stream.getvalue()))).convert("RGB").getpixel((5, 5))
        == (255,) * 3
    )


def jpeg() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (9, 9)).save(stream, "JPEG")
    return stream.getvalue()


def with_chunk(kind: bytes, data: bytes) -> bytes:
    """Return a PNG with a chunk before its end."""
    image, body = png(), kind + data
    chunk = len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    return image[:-12] + chunk + image[-12:]


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
def test_other_files_are_invalid(wrong: bytes) -> None:
    with pytest.raises(Invalid, match="PNG"):
        render_thumbnail(wrong)


def test_an_image_with_too_many_pixels_is_not_decompressed() -> None:
    stream = io.BytesIO()
    Image.new("1", (3000, 3000)).save(stream, "PNG")
    assert len(stream.getvalue()) < 100_000
    with pytest.raises(Invalid, match="pixels"):
        render_thumbnail(stream.getvalue())
