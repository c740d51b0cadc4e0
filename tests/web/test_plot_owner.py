"""What the owner of a plot can do on its page."""

import re

import pytest
import requests

from tests.support.users import TIMEOUT, RunningCloud, User
from tests.web.publishing import publish


def test_title_and_visibility(cloud: RunningCloud, ada: User, key: str) -> None:
    plot, token = publish(cloud, key, "mine"), ada.form_token()
    form = {"form_token": token, "title": "Said <b>better</b>"}
    assert ada.post(f"/plots/{plot.id}/settings", form).headers["Location"] == f"/plots/{plot.id}/show"
    ada.post(f"/plots/{plot.id}/settings", {"form_token": token, "visibility": "link"})
    page = requests.get(plot.url, timeout=TIMEOUT).text
    assert '<h1 dir="auto">Said &lt;b&gt;better&lt;/b&gt;</h1>' in page
    assert "/settings" not in page, "only the owner sees the settings"
    wrong = ada.post(f"/plots/{plot.id}/settings", {"form_token": token, "visibility": "all"})
    assert wrong.status_code == 422


def test_rollback(cloud: RunningCloud, ada: User, key: str) -> None:
    plot = publish(cloud, key, "twice")
    again = publish(cloud, key, "twice", scale=2)
    assert (again.id, again.version) == (plot.id, 2)
    old = ada.get(f"/plots/{plot.id}/show?version=1").text
    assert "This is version 1. The newest is 2." in old
    form = {"form_token": ada.form_token(), "version": "1"}
    assert ada.post(f"/plots/{plot.id}/rollback", form).status_code == 303
    assert "Version <span data-newest>3</span>" in ada.get(f"/plots/{plot.id}/show").text


@pytest.mark.parametrize("version", ["", "x", "0", "9" * 5000])
def test_rollback_to_an_invalid_version(cloud: RunningCloud, ada: User, key: str, version: str) -> None:
    plot = publish(cloud, key, "once")
    form = {"form_token": ada.form_token(), "version": version}
    assert ada.post(f"/plots/{plot.id}/rollback", form).status_code == 422


def test_share_link_with_expiry_and_origins(cloud: RunningCloud, ada: User, key: str) -> None:
    plot = publish(cloud, key, "lent")
    form = {"form_token": ada.form_token(), "expires": "7", "origins": "https://a.example, https://b.example"}
    page = ada.post(f"/plots/{plot.id}/shares", form).text
    [path] = re.findall(r'id="new-share-link" value="[^"]*(/plots/[^"]+)"', page)
    frame = requests.get(cloud.url + path.replace("/show", "/embed"), timeout=TIMEOUT)
    policy = frame.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://a.example https://b.example" in policy
    assert policy.startswith("sandbox ")
    assert re.findall(r"Expires <time", ada.get("/account/shares").text)
    for wrong in ({"expires": "9" * 5000}, {"expires": "-1"}, {"origins": "javascript:alert(1)"}):
        assert ada.post(f"/plots/{plot.id}/shares", {**form, **wrong}).status_code == 422, wrong


def test_the_first_choice_of_expiry_is_the_default_of_the_server(
    cloud: RunningCloud, ada: User, key: str
) -> None:
    plot = publish(cloud, key, "lent by default")
    assert '<option value="" selected>' in ada.get(f"/plots/{plot.id}/show").text
    for choice in ("", "never"):
        form = {"form_token": ada.form_token(), "expires": choice, "origins": ""}
        assert ada.post(f"/plots/{plot.id}/shares", form).status_code == 200
    assert [link.expires for link in plot.shares()] == [None, None]
