"""The face of a cloud: its name, its logo and its colours, which an operator chooses.

Colours are given once; each is darkened for light pages and lightened for dark ones until text in it can be
read (WCAG 2.2, 1.4.3: a contrast of at least 4.5).
"""

import re
from dataclasses import dataclass
from pathlib import Path

from bokeh_common.errors import Invalid

CONTRAST = 4.5
STEPS = 50

#: What text stands on, as in `cloud.css`: the lightest and the darkest of its papers would be too kind.
PAPER_LIGHT = (244, 246, 248)
PAPER_DARK = (32, 39, 48)

BLACK, WHITE = (0, 0, 0), (255, 255, 255)

LOGO_ENDINGS = {".svg", ".png", ".webp"}
MAX_LOGO_BYTES = 50_000

Colour = tuple[int, ...]


@dataclass(frozen=True)
class Brand:
    """What makes a cloud look like its operator's.

    Attributes:
        name: in the bar and in titles.
        accent: of links and buttons, `#rrggbb`.
        logo: a small picture for the bar and the browser's tab; None for ours.
    """

    name: str = "Bokeh Cloud"
    accent: str = "#20548d"
    logo: Path | None = None

    def __post_init__(self) -> None:
        """Check it; `Invalid` says what is wrong."""
        if not self.name.strip() or len(self.name) > 40 or not self.name.isprintable():
            raise Invalid("BOKEH_CLOUD_NAME must be a text of 1 to 40 characters.")
        parse_colour(self.accent)
        if self.logo is not None:
            _check_logo(self.logo)

    @property
    def style(self) -> str:
        """Custom properties for `cloud.css`."""
        colour = parse_colour(self.accent)
        light, dark = readable(colour, PAPER_LIGHT), readable(colour, PAPER_DARK)
        dark_rule = f"@media (prefers-color-scheme:dark){{:root{{{_properties(dark)}}}}}"
        return f":root{{{_properties(light)}}}\n{dark_rule}\n"


def parse_colour(text: str) -> Colour:
    """Return red, green and blue, 0 to 255 each, of `#rrggbb`; `Invalid`."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise Invalid(f"BOKEH_CLOUD_ACCENT must be a colour such as '#20548d', not {text!r}.")
    return tuple(bytes.fromhex(text[1:]))


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: Colour, paper: Colour) -> Colour:
    """Return `colour`, mixed with as little black or white as makes it readable on `paper`."""
    towards = BLACK if _luminance(paper) > 0.5 else WHITE
    for step in range(STEPS):
        mixed = tuple(round(c + (t - c) * step / STEPS) for c, t in zip(colour, towards, strict=True))
        if contrast(mixed, paper) >= CONTRAST:
            return mixed
    return towards


def _luminance(colour: Colour) -> float:
    parts = [c / 255 for c in colour]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _properties(accent: Colour) -> str:
    on = max(BLACK, WHITE, key=lambda ink: contrast(accent, ink))
    return f"--accent:{_hex(accent)};--on-accent:{_hex(on)}"


def _hex(colour: Colour) -> str:
    return "#" + bytes(colour).hex()


def _check_logo(logo: Path) -> None:
    if logo.suffix.lower() not in LOGO_ENDINGS or not logo.is_file():
        endings = ", ".join(sorted(LOGO_ENDINGS))
        raise Invalid(
            f"BOKEH_CLOUD_LOGO must be the path of a file that ends in {endings}, not {str(logo)!r}."
        )
    if logo.stat().st_size > MAX_LOGO_BYTES:
        raise Invalid(f"BOKEH_CLOUD_LOGO must have at most {MAX_LOGO_BYTES} bytes; every page shows it.")
