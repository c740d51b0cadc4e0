"""This service's own files, and the operator's brand."""

import gzip
from pathlib import Path

import pytest

from bokeh_common.errors import Invalid, NotFound
from bokeh_web.pages.assets import STATIC_FOLDER, Assets, asset_names
from bokeh_web.pages.branding import (
    DARK_BACKGROUND,
    LIGHT_BACKGROUND,
    Brand,
    contrast,
    parse_colour,
    readable,
)
from bokeh_web.pages.scripts import link


@pytest.mark.parametrize("name", [name for name in asset_names() if name != "site/site.css"])
def test_files_are_found_by_their_url(name: str) -> None:
    assets = Assets()
    file = assets.read(assets.url(name))
    is_script = name.endswith(".js") and not name.startswith("vendor/")
    content = link(STATIC_FOLDER / name) if is_script else (STATIC_FOLDER / name).read_bytes()
    assert file.content == content == gzip.decompress(file.gzipped)


def test_modules_are_served_as_part_of_scripts_only() -> None:
    assert {"frame/frame.js", "site/site.js"} < set(asset_names())
    assert "common/messages.js" not in asset_names()


@pytest.mark.parametrize("url", ["/static/assets/frame.js", "/static/assets/../app.py", "/static/assets/"])
def test_urls_without_the_hash_are_not_found(url: str) -> None:
    with pytest.raises(NotFound):
        Assets().read(url)


def test_accent_colour_changes_the_url_of_the_style_sheet_only() -> None:
    default, branded = Assets(), Assets(Brand(accent="#aa2200"))
    assert default.url("site/site.css") != branded.url("site/site.css")
    assert default.url("frame/frame.js") == branded.url("frame/frame.js")
    assert b"#aa2200" in branded.content("site/site.css")


def test_logo(tmp_path: Path) -> None:
    logo = tmp_path / "own.SVG"
    logo.write_text("<svg/>")
    assets = Assets(Brand(logo=logo))
    assert assets.logo == "logo.svg"
    assert assets.read(assets.url("logo.svg")).content_type == "image/svg+xml"


@pytest.mark.parametrize("accent", ["#000000", "#ffffff", "#ffee00", "#20548d", "#7f7f7f", "#ff0000"])
def test_every_accent_colour_is_made_readable(accent: str) -> None:
    for background in (LIGHT_BACKGROUND, DARK_BACKGROUND):
        assert contrast(readable(parse_colour(accent), background), background) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    "wrong",
    [
        {"accent": "blue"},
        {"accent": "#12345"},
        {"accent": "#123456;}body{display:none"},
        {"name": " "},
        {"name": "x" * 41},
        {"logo": Path("/nowhere.svg")},
        {"logo": Path(__file__)},
    ],
)
def test_invalid_brands(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid, match="BOKEH_CLOUD_"):
        Brand(**wrong)  # type: ignore[arg-type]  # invalid on purpose


def test_logo_that_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(b"0" * 60_000)
    with pytest.raises(Invalid, match="50000 bytes"):
        Brand(logo=tmp_path / "large.png")
