"""Adding and removing versions of BokehJS."""

import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.storage import open_blobs, open_records
from bokeh_web.bokehjs import download
from bokeh_web.bokehjs.versions import BokehJSVersions
from bokeh_web.cli import bokehjs


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "bokeh-3.4.3-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("bokeh.min.js", "bokeh-widgets.min.js", "bokeh.js", "bokeh.min.js.map", "../x.min.js"):
            archive.writestr(f"bokeh/server/static/js/{name}", f"// {name}")
        archive.writestr("bokeh/__init__.py", "")
    return path


def run(storage: str, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(bokehjs, words, obj=storage)
    return result.exit_code, result.output + str(result.exception or "")


def test_add_list_remove(storage: str, wheel: Path) -> None:
    assert "There is no cloud" in run(storage, "add", "3.4.3", "--wheel", str(wheel))[1]
    open_records(storage, "auth")  # as the server does when it starts
    assert run(storage, "add", "3.4.3", "--wheel", str(wheel)) == (
        0,
        "Added BokehJS 3.4.3: bokeh-widgets.min.js, bokeh.min.js.\n",
    )
    assert "3.4.3" in run(storage, "list")[1].split()
    served = BokehJSVersions(None, open_blobs(storage, "web"))
    assert served.content("3.4.3", "bokeh-widgets.min.js") == b"// bokeh-widgets.min.js"
    assert run(storage, "remove", "3.4.3")[0] == 0
    assert "3.4.3" not in run(storage, "list")[1].split()


def test_version_that_was_not_added_cannot_be_removed(storage: str) -> None:
    with pytest.raises(NotFound, match="no BokehJS"):
        download.remove(open_blobs(storage, "web"), "3.4.3")


def test_file_that_is_not_a_wheel_of_bokeh(storage: str, tmp_path: Path) -> None:
    broken, empty = tmp_path / "broken.whl", tmp_path / "empty.whl"
    broken.write_bytes(b"not a wheel")
    zipfile.ZipFile(empty, "w").close()
    for wheel in (broken, empty):
        with pytest.raises(Invalid, match="not a wheel"):
            download.add(open_blobs(storage, "web"), "3.4.3", wheel)
    assert open_blobs(storage, "web").list() == []


@pytest.mark.parametrize("version", ["", "3.4", "2.4.3", "latest", "3.4.3; rm", "--pre", "3.4.3/../x"])
def test_text_that_is_not_a_version(tmp_path: Path, version: str) -> None:
    with pytest.raises(Invalid, match="not a version"):
        download.download_wheel(version, tmp_path)
