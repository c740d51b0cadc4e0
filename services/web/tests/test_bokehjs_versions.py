"""Serving several versions of BokehJS."""

import asyncio
import gzip
from importlib.metadata import version
from pathlib import Path

import pytest

from bokeh_common.errors import NotFound
from bokeh_common.storage import BlobStore, open_blobs
from bokeh_web.bokehjs import files
from bokeh_web.bokehjs.files import BokehJSFiles
from bokeh_web.bokehjs.versions import BokehJSVersions, choose
from bokeh_web.pages.assets import StaticFile

INSTALLED = version("bokeh")


def read(wanted: str, name: str, folder: Path | None = None, blobs: BlobStore | None = None) -> StaticFile:
    return asyncio.run(BokehJSFiles(BokehJSVersions(folder, blobs)).read(wanted, name))


def test_installed_version_is_served() -> None:
    file = read(INSTALLED, "bokeh.min.js")
    assert file.content_type == "text/javascript; charset=utf-8"
    assert b"Bokeh" in file.content
    assert gzip.decompress(file.gzipped) == file.content


def test_versions_in_a_folder_are_served_too(tmp_path: Path) -> None:
    (tmp_path / "3.4.3").mkdir()
    (tmp_path / "3.4.3" / "bokeh.min.js").write_text("old")
    assert BokehJSVersions(tmp_path).list() == ["3.4.3", INSTALLED]
    assert read("3.4.3", "bokeh.min.js", tmp_path).content == b"old"


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
def test_other_files_are_not_found(wanted: str, name: str) -> None:
    with pytest.raises(NotFound):
        read(wanted, name)


def test_versions_in_the_storage_are_served_too(storage: str) -> None:
    blobs = open_blobs(storage, "web")
    blobs.put("bokehjs/3.4.3/bokeh.min.js", [b"stored"])
    assert BokehJSVersions(None, blobs).list() == ["3.4.3", INSTALLED]
    assert read("3.4.3", "bokeh.min.js", None, blobs).content == b"stored"
    with pytest.raises(NotFound):
        read("3.4.3", "bokeh-gl.min.js", None, blobs)


def test_files_are_cached_and_versions_that_are_added_are_noticed(
    storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LIST_SECONDS", 0)
    blobs = open_blobs(storage, "web")

    async def run() -> None:
        served = BokehJSFiles(BokehJSVersions(None, blobs))
        assert await served.versions() == [INSTALLED]
        blobs.put("bokehjs/3.4.3/bokeh.min.js", [b"stored"])
        assert await served.versions() == ["3.4.3", INSTALLED]
        file = await served.read("3.4.3", "bokeh.min.js")
        assert await served.read("3.4.3", "bokeh.min.js") is file

    asyncio.run(run())


def test_nearest_minor_version_is_chosen() -> None:
    versions = ["2.4.3", "3.2.1", "3.4.0", "3.4.3", "3.6.0", "3.9.0"]
    assert choose("3.4.0", versions) == "3.4.0"
    assert choose("3.4.1", versions) == "3.4.3"
    assert choose("3.3.0", versions) == "3.4.3"
    assert choose("3.0.0", versions) == "3.2.1"
    assert choose("3.5.0", versions) == "3.6.0"
    assert choose("2.1.0", versions) == "2.4.3"
    for wrong in ("4.0.0", "", "nonsense", "../3.4.0"):
        assert choose(wrong, versions) is None
