"""Exact comparison of screenshots."""

import io
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops

from tests import ROOT

ARTIFACTS = ROOT / "test-artifacts"


@dataclass(frozen=True)
class Difference:
    """How two images differ.

    Attributes:
        pixels: how many pixels differ; all pixels of the larger image if the sizes differ.
        box: left, top, right and bottom of the rectangle around them; right and bottom are exclusive.
        sizes: width and height of both images.
    """

    pixels: int
    box: tuple[int, int, int, int]
    sizes: tuple[tuple[int, int], tuple[int, int]]

    def __str__(self) -> str:
        if self.sizes[0] != self.sizes[1]:
            return f"the sizes differ: {self.sizes[0]} and {self.sizes[1]}"
        return f"{self.pixels} pixels differ, all within {self.box} of {self.sizes[0]}"


def read_png(data: bytes) -> Image.Image:
    """Decode a PNG as RGB."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def compare_png(expected: bytes, actual: bytes, name: str | None = None) -> Difference | None:
    """Compare two PNGs pixel by pixel; return None if they are equal.

    Args:
        name: the folder of test artifacts in which `expected.png`, `actual.png` and `diff.png` are saved if
            they differ; None saves nothing.
    """
    difference, mask = _compare(read_png(expected), read_png(actual))
    if difference is not None and name is not None:
        _save_artifacts(name, expected, actual, mask)
    return difference


def artifact_folder(name: str) -> Path:
    """Return the folder of the images that a test saves when it fails."""
    return ARTIFACTS / re.sub(r"[^\w.-]", "_", name)


def is_blank(data: bytes) -> bool:
    """Tell whether all pixels of a PNG have the same colour."""
    return len(read_png(data).getcolors(2) or [1, 2]) == 1


def _compare(a: Image.Image, b: Image.Image) -> tuple[Difference | None, Image.Image]:
    width, height = max(a.width, b.width), max(a.height, b.height)
    if a.size != b.size:
        everywhere = Image.new("L", (width, height), 255)
        return Difference(width * height, (0, 0, width, height), (a.size, b.size)), everywhere
    red, green, blue = ImageChops.difference(a, b).split()
    largest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    mask = largest.point(lambda value: 255 if value else 0)
    box = mask.getbbox()
    if box is None:
        return None, mask
    return Difference(mask.histogram()[255], box, (a.size, b.size)), mask


def _save_artifacts(name: str, expected: bytes, actual: bytes, mask: Image.Image) -> None:
    folder = artifact_folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "expected.png").write_bytes(expected)
    (folder / "actual.png").write_bytes(actual)
    faded = Image.blend(read_png(expected), Image.new("RGB", read_png(expected).size, "white"), 0.7)
    canvas = Image.new("RGB", mask.size, "white")
    canvas.paste(faded)
    canvas.paste(Image.new("RGB", mask.size, "red"), mask=mask)
    canvas.save(folder / "diff.png")
