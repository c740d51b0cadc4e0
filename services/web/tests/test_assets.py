"""The service's own files, with the face of the operator among them."""

import gzip
from pathlib import Path

import pytest

from bokeh_common.errors import Invalid, NotFound
from bokeh_web.assets import OWN, Assets
from bokeh_web.brand import PAPER_DARK, PAPER_LIGHT, Brand, contrast, parse_colour, readable


@pytest.mark.parametrize("name", [item.name for item in OWN.iterdir() if item.name != "cloud.css"])
def test_own_files_are_found_by_their_address(name: str) -> None:
    assets = Assets()
    file = assets.read(assets.address(name))
    assert file.plain == (OWN / name).read_bytes() == gzip.decompress(file.zipped)


@pytest.mark.parametrize(
    "address", ["/static/assets/frame.js", "/static/assets/../app.py", "/static/assets/"]
)
def test_own_files_need_their_hash(address: str) -> None:
    with pytest.raises(NotFound):
        Assets().read(address)


def test_another_colour_is_another_style_sheet() -> None:
    ours, theirs = Assets(), Assets(Brand(accent="#aa2200"))
    assert ours.address("cloud.css") != theirs.address("cloud.css")
    assert ours.address("frame.js") == theirs.address("frame.js")
    assert b"#aa2200" in theirs.plain("cloud.css")


def test_another_logo(tmp_path: Path) -> None:
    logo = tmp_path / "face.SVG"
    logo.write_text("<svg/>")
    assets = Assets(Brand(logo=logo))
    assert assets.logo == "logo.svg"
    assert assets.read(assets.address("logo.svg")).content_type == "image/svg+xml"


@pytest.mark.parametrize("accent", ["#000000", "#ffffff", "#ffee00", "#20548d", "#7f7f7f", "#ff0000"])
def test_any_colour_can_be_read(accent: str) -> None:
    for paper in (PAPER_LIGHT, PAPER_DARK):
        assert contrast(readable(parse_colour(accent), paper), paper) >= 4.5


def test_contrast_is_that_of_the_standard() -> None:
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
def test_a_face_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid, match="BOKEH_CLOUD_"):
        Brand(**wrong)  # type: ignore[arg-type]  # that is what is tested


def test_a_logo_that_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(b"0" * 60_000)
    with pytest.raises(Invalid, match="50000 bytes"):
        Brand(logo=tmp_path / "large.png")
