"""Headers of pages, and the protection of forms."""

import re
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.embedded_server import one_process
from tests.support.users import TIMEOUT, RunningCloud, User
from tests.web.publishing import publish

PAGES = (
    "/", "/login", "/register", "/u/ada", "/terms", "/nothing", "/plots/aaaaaaaaaaaaaaaa/show", "/plots",
    "/data", "/account", "/account/keys", "/account/shares", "/account/sessions", "/account/activity",
    "/account/unused",
    "/oembed",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("signed_in", [False, True])
def test_every_response_has_security_headers(
    cloud: RunningCloud, ada: User, path: str, signed_in: bool
) -> None:
    client = ada.browser if signed_in else requests
    headers = client.get(cloud.url + path, headers={"Accept": "text/html"}, timeout=TIMEOUT).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "no-store" in headers["Cache-Control"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    if headers["Content-Type"].startswith("text/html"):
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in policy


def test_what_a_cookie_opens_is_not_loaded_by_other_sites(cloud: RunningCloud, ada: User, key: str) -> None:
    plot = publish(cloud, key, "kept to itself")
    [source] = cloud.request("GET", f"/ada/plots/{plot.id}/data", key).json()["sources"]
    paths = [
        f"/plots/{plot.id}/show", f"/plots/{plot.id}/embed", f"/plots/{plot.id}/download.html",
        f"/plots/{plot.id}/thumbnail.png", f"/plots/{plot.id}/data/{source['id']}/csv",
        f"/data/{source['id']}", f"/data/{source['id']}/download/json", "/account/export",
        f"/plots/{plot.id}/events?wait=0", "/openapi.json",
    ]  # fmt: skip
    for path in paths:
        with ada.browser.get(cloud.url + path, timeout=TIMEOUT, stream=True) as response:
            assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin", path


def test_what_frames_on_other_sites_need_is_loaded_by_all_sites(
    cloud: RunningCloud, ada: User, key: str
) -> None:
    plot = publish(cloud, key, "shown elsewhere", "link")
    page = requests.get(f"{cloud.url}/plots/{plot.id}/embed", timeout=TIMEOUT).text
    files = re.findall(r'(?:src|href)="(/[^"]+)"', page)
    assert len(files) >= 3
    for path in [*files, f"/plots/{plot.id}/embed.js"]:
        for client in (ada.browser, requests):
            response = client.get(cloud.url + path, timeout=TIMEOUT)
            assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin", path


def test_hsts_behind_a_proxy_with_tls(tmp_path: Path) -> None:
    """A proxy that terminates TLS is trusted if the operator has configured one."""
    environ: dict[str, Any] = {
        "BOKEH_CLOUD_PUBLIC_URL": "https://plots.example.org",
        "BOKEH_CLOUD_PROXIED": "1",
    }
    headers = {"Accept": "text/html", "X-Forwarded-Proto": "https", "Host": "plots.example.org"}
    with one_process(f"local://{tmp_path}", "--accounts", **environ) as url:
        for path in ("/", "/login", "/nothing", "/static/assets/nothing.css", "/account"):
            answer = requests.get(url + path, headers=headers, timeout=TIMEOUT, allow_redirects=False)
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000", path
        page = requests.get(url, headers=headers, timeout=TIMEOUT).text
    assert "https://plots.example.org" in page
    assert "http://plots.example.org" not in page


def test_no_hsts_without_tls(cloud: RunningCloud) -> None:
    answer = requests.get(cloud.url, headers={"X-Forwarded-Proto": "https"}, timeout=TIMEOUT)
    assert "Strict-Transport-Security" not in answer.headers


def test_forms_without_a_token_are_rejected(cloud: RunningCloud, ada: User, key: str) -> None:
    plot = publish(cloud, key, "guarded")
    for path in ("settings", "rollback", "clone", "shares"):
        answer = ada.post(f"/plots/{plot.id}/{path}", {"visibility": "public", "version": "1", "name": "x"})
        assert answer.status_code == 403, path
        assert answer.headers["Content-Type"].startswith("text/html"), "an error page like the others"
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
