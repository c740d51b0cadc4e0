"""Uploads of files by the page: the requests of its script."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from bokeh_cloud.data.table_files import kind_of_file
from bokeh_cloud.errors import CloudError
from bokeh_common.errors import Invalid
from bokeh_web.clients.table_files import MEDIA_TYPES, describe_file
from tests.support.users import TIMEOUT, RunningCloud, User

CSV = b"zip,2024,1\n00501,1,2.5\n"


@pytest.fixture(scope="module")
def form(ada: User) -> str:
    """The form token of Ada's pages."""
    [token] = re.findall(r'data-form="([0-9a-f]+)"', ada.get("/data/upload").text)
    return str(token)


def send(ada: User, path: str, body: Any, form: str, **query: Any) -> requests.Response:
    headers = {"Bokeh-Cloud-Form": form, "Content-Type": "application/octet-stream"}
    url = f"{ada.cloud.url}{path}"
    return ada.browser.post(url, data=body, params=query, headers=headers, timeout=TIMEOUT)


def test_a_preview_lists_columns_in_their_order(ada: User, form: str) -> None:
    found = send(ada, "/data/upload/preview", CSV, form, file="a.csv", type=["2024=text"]).json()
    assert found["columns"] == [
        {"name": "zip", "type": "string"},
        {"name": "2024", "type": "string"},
        {"name": "1", "type": "double"},
    ]
    assert (found["rows"], found["first"]) == (1, [["00501", "1", "2.5"]])
    assert (found["delimiter"], found["encoding"]) == (",", "utf-8")


def test_a_compressed_file_is_stored_once(ada: User, form: str) -> None:
    body = gzip.compress(CSV)
    stored = send(ada, "/data/upload", body, form, file="A.CSV.GZ", name="packed")
    assert (stored.status_code, "packed" in ada.get(stored.json()["page"]).text) == (201, True)
    again = send(ada, "/data/upload", body, form, file="a.csv.gz", name="packed")
    assert (again.status_code, "packed" in again.json()["detail"]) == (409, True)


def test_a_large_file_is_passed_on_in_parts(ada: User, form: str) -> None:
    rows = 2_000_000
    body = b"x\n" + b"123456\n" * rows
    assert send(ada, "/data/upload/preview", body, form, file="a.csv").json()["rows"] == rows


@pytest.mark.parametrize("path", ["/data/upload", "/data/upload/preview"])
def test_only_pages_of_the_session_send_files(ada: User, form: str, path: str) -> None:
    for token in ("", form[::-1]):
        assert send(ada, path, CSV, token, file="a.csv", name="forged").status_code == 403
    bare = requests.post(f"{ada.cloud.url}{path}?file=a.csv", data=CSV, timeout=TIMEOUT)
    assert bare.status_code in {401, 403}
    assert "forged" not in ada.get("/data").text


def test_errors_say_what_is_wrong(ada: User, form: str) -> None:
    error = send(ada, "/data/upload/preview", b"x,y\n1\n", form, file="a.csv")
    assert (error.status_code, "Row 1 has 1 columns" in error.json()["detail"]) == (422, True)
    unknown = send(ada, "/data/upload/preview", CSV, form, file="a.docx")
    assert (unknown.status_code, "'a.docx' is none of" in unknown.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    "name", [*(f"a{suffix}" for suffix in MEDIA_TYPES), "b.c.CSV.gz", "x.zst", "x", ".csv", "a.npy"]
)
def test_names_of_files_mean_the_same_in_the_client(name: str) -> None:
    try:
        kind = kind_of_file(Path(name))
    except CloudError:
        with pytest.raises(Invalid):
            describe_file(name)
        return
    if name.endswith(".npy"):
        return
    found = describe_file(name)
    assert (found["Content-Type"], found.get("Content-Encoding")) == tuple(kind)


def test_the_page_is_for_accounts(cloud: RunningCloud) -> None:
    page = requests.get(f"{cloud.url}/data/upload", allow_redirects=False, timeout=TIMEOUT)
    assert page.status_code in {302, 303, 401}
