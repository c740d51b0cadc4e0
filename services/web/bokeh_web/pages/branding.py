"""The brand of a cloud: its name, accent colour and logo, which the operator chooses.

The accent colour is given once. It is darkened for light pages and lightened for dark ones until text in it
is readable (WCAG 2.2, 1.4.3: a contrast of at least 4.5).
"""

import re
from dataclasses import dataclass
from pathlib import Path

from bokeh_common.errors import Invalid

MIN_CONTRAST = 4.5
MIX_STEPS = 50

#: The backgrounds of text in `site.css` on which the contrast is lowest.
LIGHT_BACKGROUND = (244, 246, 248)
DARK_BACKGROUND = (32, 39, 48)

BLACK, WHITE = (0, 0, 0), (255, 255, 255)

MAX_NAME_LENGTH = 40  # characters
LOGO_EXTENSIONS = {".svg", ".png", ".webp"}
MAX_LOGO_BYTES = 50_000

#: Red, green and blue, from 0 to 255.
Colour = tuple[int, ...]


@dataclass(frozen=True)
class Brand:
    """The operator's brand.

    Attributes:
        name: shown in the header and in titles.
        accent: the colour of links and buttons, `#rrggbb`.
        logo: the path of a small image for the header and the browser's tab; None for that of Bokeh Cloud.
    """

    name: str = "Bokeh Cloud"
    accent: str = "#20548d"
    logo: Path | None = None

    def __post_init__(self) -> None:
        """Check all values.

        Raises:
            Invalid: the message names the setting that is wrong.
        """
        if not self.name.strip() or len(self.name) > MAX_NAME_LENGTH or not self.name.isprintable():
            raise Invalid(f"BOKEH_CLOUD_NAME must have 1 to {MAX_NAME_LENGTH} printable characters.")
        parse_colour(self.accent)
        if self.logo is not None:
            _check_logo(self.logo)

    @property
    def style(self) -> str:
        """The custom properties that `site.css` uses."""
        colour = parse_colour(self.accent)
        light, dark = readable(colour, LIGHT_BACKGROUND), readable(colour, DARK_BACKGROUND)
        dark_rule = f"@media (prefers-color-scheme:dark){{:root{{{_properties(dark)}}}}}"
        return f":root{{{_properties(light)}}}\n{dark_rule}\n"


def parse_colour(text: str) -> Colour:
    """Return red, green and blue of `#rrggbb`.

    Raises:
        Invalid: it is not of this form.
    """
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise Invalid(f"BOKEH_CLOUD_ACCENT must be a colour such as '#20548d', not {text!r}.")
    return tuple(bytes.fromhex(text[1:]))


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two colours, from 1 to 21 (WCAG 2.2, relative luminance)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: Colour, background: Colour) -> Colour:
    """Return `colour`, mixed with as little black or white as makes it readable on `background`."""
    target = BLACK if _luminance(background) > 0.5 else WHITE
    for step in range(MIX_STEPS):
        mixed = tuple(round(c + (t - c) * step / MIX_STEPS) for c, t in zip(colour, target, strict=True))
        if contrast(mixed, background) >= MIN_CONTRAST:
            return mixed
    return target


def _luminance(colour: Colour) -> float:
    parts = [c / 255 for c in colour]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _properties(accent: Colour) -> str:
    on_accent = max(BLACK, WHITE, key=lambda text: contrast(accent, text))
    return f"--accent:{_hex(accent)};--on-accent:{_hex(on_accent)}"


def _hex(colour: Colour) -> str:
    return "#" + bytes(colour).hex()


def _check_logo(logo: Path) -> None:
    if logo.suffix.lower() not in LOGO_EXTENSIONS or not logo.is_file():
        extensions = ", ".join(sorted(LOGO_EXTENSIONS))
        raise Invalid(
            f"BOKEH_CLOUD_LOGO must be the path of a file that ends in {extensions}, not {str(logo)!r}."
        )
    if logo.stat().st_size > MAX_LOGO_BYTES:
        raise Invalid(f"BOKEH_CLOUD_LOGO must have at most {MAX_LOGO_BYTES} bytes, as every page loads it.")
