"""The package index: installers get the client of this cloud, and pages show the line that installs it."""

import hashlib
import re
import subprocess
import sys
import venv
import zipfile
from html import unescape
from io import BytesIO
from pathlib import Path

import pytest
import requests

from bokeh_cloud import __version__
from tests import ROOT
from tests.contracts.test_prose import tracked_files
from tests.support.users import TIMEOUT, RunningCloud, User

GUIDE = ROOT / "client" / "docs"

JSON = "application/vnd.pypi.simple.v1+json"

#: Our distributions, of which no public index has any.
UNPUBLISHED = re.compile(r"pip install[^\n]*['\"\s]bokeh-(cloud|common)\b(?! @)")


def wheel_url(cloud: RunningCloud) -> str:
    return f"{cloud.url}/simple/bokeh-cloud/bokeh_cloud-{__version__}-py3-none-any.whl"


def test_pip_installs_the_client_by_url_and_from_the_index(cloud: RunningCloud, tmp_path: Path) -> None:
    venv.create(tmp_path, with_pip=False)
    pip = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check"]
    pip += ["--python", str(tmp_path / "bin" / "python"), "install", "--no-deps", "--no-cache-dir"]
    for arguments in ([wheel_url(cloud)], ["--no-index", "--find-links", f"{cloud.url}/simple/bokeh-cloud/"]):
        named = arguments if len(arguments) == 1 else ["--force-reinstall", *arguments, "bokeh-cloud"]
        done = subprocess.run([*pip, *named], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
    program = "import importlib.metadata as m, importlib.util as u; "
    program += "print(u.find_spec('bokeh_cloud').origin, m.version('bokeh-cloud'))"
    python = [str(tmp_path / "bin" / "python"), "-c", program]
    done = subprocess.run(python, capture_output=True, text=True, check=True)
    origin, version = done.stdout.split()
    assert origin.startswith(str(tmp_path))
    assert version == __version__
    assert (tmp_path / "bin" / "bokeh-cloud").exists()


def test_the_index_lists_the_wheel_with_its_hash(cloud: RunningCloud) -> None:
    page = requests.get(f"{cloud.url}/simple/bokeh-cloud/", timeout=TIMEOUT)
    [(path, sha256)] = re.findall(r'href="([^"#]+)#sha256=(\w+)"', page.text)
    assert 'data-requires-python="&gt;=3.11"' in page.text
    assert '<a href="/simple/bokeh-cloud/">' in requests.get(f"{cloud.url}/simple/", timeout=TIMEOUT).text
    content = requests.get(cloud.url + path, timeout=TIMEOUT).content
    assert hashlib.sha256(content).hexdigest() == sha256
    listed = requests.get(f"{cloud.url}/simple/bokeh-cloud/", headers={"Accept": JSON}, timeout=TIMEOUT)
    assert listed.headers["Content-Type"] == JSON
    [file] = listed.json()["files"]
    assert (file["hashes"], file["size"]) == ({"sha256": sha256}, len(content))
    with zipfile.ZipFile(BytesIO(content)) as wheel:
        assert wheel.testzip() is None
        assert "bokeh_cloud/py.typed" in wheel.namelist()
        assert not [name for name in wheel.namelist() if "__pycache__" in name]


@pytest.mark.parametrize("path", ["numpy/", "bokeh-cloud/bokeh_cloud-9.whl", "numpy/x.whl"])
def test_the_index_has_nothing_else(cloud: RunningCloud, path: str) -> None:
    assert requests.get(f"{cloud.url}/simple/{path}", timeout=TIMEOUT).status_code == 404


def test_pages_show_the_line_that_installs_the_client(cloud: RunningCloud, ada: User) -> None:
    line = f"pip install {wheel_url(cloud)}"
    assert line in unescape(requests.get(cloud.url, timeout=TIMEOUT).text)
    assert line in unescape(ada.get("/").text)


def test_the_guide_is_served_with_the_line_and_its_links_work(cloud: RunningCloud, ada: User) -> None:
    index = requests.get(f"{cloud.url}/docs", timeout=TIMEOUT).text
    paths = {*re.findall(r'href="(/docs/[a-z-]+)(?:#[\w-]+)?"', index)}
    assert {f"/docs/{path.stem}" for path in GUIDE.glob("*.md") if path.stem != "README"} <= paths
    for path in sorted(paths):
        page = requests.get(cloud.url + path, timeout=TIMEOUT)
        assert page.status_code == 200, path
        assert ".md" not in " ".join(re.findall(r'href="([^"]*)"', page.text)), path
        for target, anchor in re.findall(r'href="(/docs/[a-z-]+)#([\w-]+)"', page.text):
            assert f'id="{anchor}"' in requests.get(cloud.url + target, timeout=TIMEOUT).text, anchor
    assert (
        f"pip install {wheel_url(cloud)}" in requests.get(f"{cloud.url}/docs/publish", timeout=TIMEOUT).text
    )
    for page in (requests.get(cloud.url, timeout=TIMEOUT), ada.get("/plots"), ada.get("/nothing")):
        assert 'href="/docs"' in page.text
    assert requests.get(f"{cloud.url}/docs/nothing", timeout=TIMEOUT).status_code == 404


def test_nothing_names_a_distribution_that_is_not_published() -> None:
    """Whoever takes the name on a public index would get their code executed."""
    named = [
        str(path.relative_to(ROOT))
        for path in tracked_files()
        if "docs/decisions" not in str(path) and path != Path(__file__)
        if UNPUBLISHED.search(path.read_text())
    ]
    assert named == []
