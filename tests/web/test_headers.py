"""Headers on every page."""

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import one_process
from tests.integration.people import TIMEOUT, Cloud, Person
from tests.web.publishing import publish

PAGES = (
    "/", "/login", "/register", "/u/ada", "/terms", "/nothing", "/plots/aaaaaaaaaaaaaaaa/show", "/plots",
    "/data", "/account", "/account/keys", "/account/shares", "/account/sessions", "/account/activity",
    "/account/unused",
    "/oembed",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("signed_in", [False, True])
def test_every_answer_has_the_headers_of_safety(
    cloud: Cloud, ada: Person, path: str, signed_in: bool
) -> None:
    asking = ada.browser if signed_in else requests
    headers = asking.get(cloud.url + path, headers={"Accept": "text/html"}, timeout=TIMEOUT).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "no-store" in headers["Cache-Control"]
    if headers["Content-Type"].startswith("text/html"):
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in policy


def test_behind_tls_browsers_are_told_to_stay_there(tmp_path: Path) -> None:
    """A proxy of ours ends TLS; what it says is believed where the operator says that there is one."""
    environ: dict[str, Any] = {
        "BOKEH_CLOUD_PUBLIC_URL": "https://plots.example.org",
        "BOKEH_CLOUD_PROXIED": "1",
    }
    asked = {"Accept": "text/html", "X-Forwarded-Proto": "https", "Host": "plots.example.org"}
    with one_process(f"local://{tmp_path}", "--accounts", **environ) as url:
        for path in ("/", "/login", "/nothing", "/static/assets/nothing.css", "/account"):
            answer = requests.get(url + path, headers=asked, timeout=TIMEOUT, allow_redirects=False)
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000", path
        page = requests.get(url, headers=asked, timeout=TIMEOUT).text
    assert "https://plots.example.org" in page
    assert "http://plots.example.org" not in page


def test_without_tls_nobody_is_sent_there(cloud: Cloud) -> None:
    answer = requests.get(cloud.url, headers={"X-Forwarded-Proto": "https"}, timeout=TIMEOUT)
    assert "Strict-Transport-Security" not in answer.headers


def test_forms_need_their_token(cloud: Cloud, ada: Person, key: str) -> None:
    plot = publish(cloud, key, "guarded")
    for path in ("settings", "rollback", "clone", "shares"):
        answer = ada.post(f"/plots/{plot.id}/{path}", {"visibility": "public", "version": "1", "name": "x"})
        assert answer.status_code == 403, path
        assert answer.headers["Content-Type"].startswith("text/html"), "a page in the look of the others"
        assert "<h1>" in answer.text
        assert 'class="brand"' in answer.text
    assert (
        ada.post("/plots/selection", {"plots": plot.id, "action": "delete", "sure": "y"}).status_code == 403
    )
    assert ada.post("/account/delete", {"confirm": "ada"}).status_code == 403
    picture = ada.browser.put(f"{cloud.url}/plots/{plot.id}/thumbnail?version=1", data=b"x", timeout=TIMEOUT)
    assert picture.status_code == 403
    listed = cloud.request("GET", f"/ada/plots/{plot.id}", key).json()
    assert listed["visibility"] == "private"
