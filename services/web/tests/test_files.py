"""BokehJS and the service's own files."""

import gzip
from importlib.metadata import version
from pathlib import Path

import pytest

from bokeh_common.errors import NotFound
from bokeh_web.files import OWN, BokehJS, own_address, read_own

INSTALLED = version("bokeh")


def test_the_installed_version_is_served() -> None:
    file = BokehJS(None).read(INSTALLED, "bokeh.min.js")
    assert file.content_type == "text/javascript; charset=utf-8"
    assert b"Bokeh" in file.plain
    assert gzip.decompress(file.zipped) == file.plain


def test_versions_of_a_folder_besides(tmp_path: Path) -> None:
    (tmp_path / "3.4.3").mkdir()
    (tmp_path / "3.4.3" / "bokeh.min.js").write_text("old")
    bokehjs = BokehJS(tmp_path)
    assert bokehjs.versions == sorted(["3.4.3", INSTALLED])
    assert bokehjs.read("3.4.3", "bokeh.min.js").plain == b"old"


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("9.9.9", "bokeh.min.js"),
        (INSTALLED, "bokeh.js"),
        (INSTALLED, "../js/bokeh.min.js"),
        (INSTALLED, "bokeh-nothing.min.js"),
        ("..", "bokeh.min.js"),
    ],
)
def test_other_files_are_not_there(wanted: str, name: str) -> None:
    with pytest.raises(NotFound):
        BokehJS(None).read(wanted, name)


@pytest.mark.parametrize("name", [item.name for item in OWN.iterdir()])
def test_own_files_are_found_by_their_address(name: str) -> None:
    assert read_own(own_address(name)).plain == (OWN / name).read_bytes()


@pytest.mark.parametrize(
    "address", ["/static/assets/frame.js", "/static/assets/../app.py", "/static/assets/"]
)
def test_own_files_need_their_hash(address: str) -> None:
    with pytest.raises(NotFound):
        read_own(address)
