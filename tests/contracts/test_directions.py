"""Names that people choose have no characters that change the direction of text; pages isolate all names."""

import re
import unicodedata
from pathlib import Path

import pytest

from bokeh_common.bidirectional import FORMATTING, MARKS, has_controls
from tests import ROOT
from tests.support.account_cloud import AccountCloud
from tests.support.documents import text_document

TEMPLATES = ROOT / "services/web/bokeh_web/templates"

#: What a variable may stand in: a block of its own, or an element with `dir="auto"`.
ISOLATED = re.compile(r'(<bdi>|dir="auto">|<td>|<title>|<h1>|block title %\})\s*$')

#: Names that people choose, or that data have.
NAMES = re.compile(
    r"\{\{\s*((?:plot|view|source|created|key|session|share\.of|source\.plots\[0\])\.(?:title|name))\b[^}]*\}\}"
)


def test_the_controls_are_those_of_unicode() -> None:
    classes = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    explicit = {chr(i) for i in range(0x110000) if unicodedata.bidirectional(chr(i)) in classes}
    assert explicit == FORMATTING
    assert {unicodedata.name(mark).rpartition(" ")[2] for mark in MARKS} == {"MARK"}
    assert not has_controls("שלום مرحبا hello")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> AccountCloud:
    folder = tmp_path_factory.mktemp("directions")
    return AccountCloud(f"local://{folder / 'storage'}", folder / "outbox")


@pytest.mark.parametrize("control", sorted(FORMATTING | MARKS), ids=lambda one: f"U+{ord(one):04X}")
def test_names_with_controls_are_refused(cloud: AccountCloud, control: str) -> None:
    key, name = cloud.make_key("ada"), f"invoice{control}fdp.exe"
    plot = cloud.publish("ada", key, "plain")
    source = cloud.request("POST", "/ada/data", key, json={"name": "x", "live": True, "columns": {"x": [1]}})
    requests = [
        ("POST", "/ada/store", {"name": name, "document": text_document("hello")}),
        ("POST", "/ada/clone", {"plot": plot, "name": name}),
        ("POST", "/ada/data", {"name": name, "live": True, "columns": {"x": [1]}}),
        ("PUT", f"/ada/data/{source.json['id']}", {"name": name}),
        ("POST", "/ada/keys", {"name": name}),
    ]
    for method, path, body in requests[2:] if control in MARKS else requests:
        headers = {"If-Match": "*"} if method == "PUT" else {}
        response = cloud.request(method, path, key, json=body, headers=headers)
        assert response.status_code == 422, (path, response.text)
        assert "'name'" in response.json["detail"], path
    file = cloud.request(
        "POST",
        "/ada/data",
        key,
        params={"name": name},
        body=b"x\n1\n",
        headers={"Content-Type": "text/csv"},
    )
    assert file.status_code == 422


@pytest.mark.parametrize("live", [True, False])
def test_names_of_columns_are_data(cloud: AccountCloud, live: bool) -> None:
    key, column = cloud.make_key("ada"), "\u202esrebmun\u202c\u200f"
    chunks = {"dtype": "uint8", "shape": [0], "chunks": []}
    name = "mine" if live else f"plot/{column}"  # as the client calls frozen sources
    body = {"name": name, "live": live, "columns": {column: chunks, "y": chunks}}
    made = cloud.request("POST", "/ada/data", key, json=body)
    assert made.status_code in (200, 201), made.text
    assert list(made.json["columns"]) == [column, "y"]
    page = cloud.request("GET", "/data", key, headers={"Accept": "text/html"}).text
    assert f"<bdi>{column}</bdi>" in page


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_names_on_pages_are_isolated(path: Path) -> None:
    text = path.read_text()
    for found in NAMES.finditer(text):
        before = text[: found.start()]
        in_attribute = before.rfind("<") > before.rfind(">")
        assert in_attribute or ISOLATED.search(before), (found[0], before[-60:])
