"""BokehJS of several versions."""

import gzip
from importlib.metadata import version
from pathlib import Path

import pytest

from bokeh_common.errors import NotFound
from bokeh_common.storage import open_blobs
from bokeh_web.bokehjs import BokehJS

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
    assert bokehjs.versions == ["3.4.3", INSTALLED]
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


def test_versions_of_the_storage_besides(storage: str) -> None:
    blobs = open_blobs(storage, "web")
    blobs.put("bokehjs/3.4.3/bokeh.min.js", [b"stored"])
    bokehjs = BokehJS(None, blobs)
    assert bokehjs.versions == ["3.4.3", INSTALLED]
    assert bokehjs.read("3.4.3", "bokeh.min.js").plain == b"stored"
    with pytest.raises(NotFound):
        bokehjs.read("3.4.3", "bokeh-gl.min.js")


def test_the_nearest_minor_stands_in(tmp_path: Path) -> None:
    for name in ("3.2.1", "3.4.0", "3.4.3", "3.6.0", "2.4.3"):
        (tmp_path / name).mkdir()
    bokehjs = BokehJS(tmp_path)
    assert bokehjs.choose("3.4.0") == "3.4.0"
    assert bokehjs.choose("3.4.1") == "3.4.3"
    assert bokehjs.choose("3.3.0") == "3.4.3"
    assert bokehjs.choose("3.0.0") == "3.2.1"
    assert bokehjs.choose("3.5.0") == "3.6.0"
    assert bokehjs.choose("2.1.0") == "2.4.3"
    for hopeless in ("4.0.0", "", "nonsense", "../3.4.0"):
        assert bokehjs.choose(hopeless) is None
