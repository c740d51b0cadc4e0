"""What the owner of a plot can do on its page."""

import re

import pytest
import requests
from bokeh.models.widgets.sliders import Slider

import bokeh_cloud
from bokeh_cloud.errors import NotPublishable
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


def test_a_plot_is_renamed_on_its_page(cloud: RunningCloud, ada: User, key: str) -> None:
    plot, token = publish(cloud, key, "old name"), ada.form_token()
    form = {"form_token": token, "name": "new name"}
    assert ada.post(f"/plots/{plot.id}/settings", form).headers["Location"] == f"/plots/{plot.id}/show"
    for page in (ada.get(f"/plots/{plot.id}/show").text, ada.get("/plots").text):
        assert 'dir="auto">new name</span>' in page
    assert "as do old name" in ada.get(f"/plots/{plot.id}/show").text
    plot.visibility = "public"
    assert "old name" not in requests.get(plot.url, timeout=TIMEOUT).text.replace("The old name plot", "")
    assert publish(cloud, key, "old name").id == plot.id


def test_the_owner_sees_what_the_published_plot_does_not_do(
    cloud: RunningCloud, ada: User, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    slider = Slider(start=0, end=1, value=0)
    slider.on_change("value", lambda attr, old, new: None)
    server = bokeh_cloud.Cloud(cloud.url, key)
    with pytest.raises(NotPublishable, match=r"not be published whole. Python callbacks"):
        server.publish(slider, "lossy", strict=True)
    assert "lossy" not in [plot.name for plot in server.plots()]
    plot = server.publish(slider, "lossy", visibility="public")
    assert "lossy: Python callbacks" in caplog.text
    assert "Python callbacks (on_change or on_event) do not run" in ada.get(f"/plots/{plot.id}/show").text
    assert "Python callbacks" not in requests.get(plot.url, timeout=TIMEOUT).text


def test_rollback(cloud: RunningCloud, ada: User, key: str) -> None:
    plot = publish(cloud, key, "twice")
    again = publish(cloud, key, "twice", scale=2)
    assert (again.id, again.version) == (plot.id, 2)
    old = ada.get(f"/plots/{plot.id}/show?version=1").text
    assert "This is version 1. The newest is 2." in old
    form = {"form_token": ada.form_token(), "version": "1"}
    assert ada.post(f"/plots/{plot.id}/rollback", form).status_code == 303
    assert "Version <span data-newest>3</span>" in ada.get(f"/plots/{plot.id}/show").text


def test_history_is_opened_by_its_checkbox_only(cloud: RunningCloud, ada: User, key: str) -> None:
    for scale in (1, 2):
        plot = publish(cloud, key, "with a past", scale=scale)
    settings, token = f"/plots/{plot.id}/settings", ada.form_token()

    def save(**form: str) -> tuple[bool, bool]:
        """Send the form; return whether the owner's page has the box checked, and others see version 1."""
        assert ada.post(settings, {"form_token": token, **form}).status_code == 303
        [box] = re.findall(r'<form method="post" action="[^"]*/settings">.*?(name="history"[^>]*)>',
                           ada.get(f"/plots/{plot.id}/show").text, re.DOTALL)  # fmt: skip
        return "checked" in box, requests.get(f"{plot.url}?version=1", timeout=TIMEOUT).ok

    assert save(visibility="public") == (False, False)
    assert save(visibility="public", history="yes") == (True, True)
    assert save(title="Another title") == (True, True)
    assert save(visibility="public") == (False, False)
    assert save(visibility="link", history="yes") == (True, True)
    assert save(visibility="private", history="yes") == (False, False)
    page = "/plots/selection"
    assert ada.post(page, {"form_token": token, "action": "public", "plots": plot.id}).status_code == 303
    assert save(title="Public from the list") == (False, False)


def test_others_see_no_list_of_one_version(cloud: RunningCloud, ada: User, key: str) -> None:
    for scale in (1, 2):
        plot = publish(cloud, key, "listed versions", "link", scale=scale)
    assert "Version 1</strong>" in ada.get(f"/plots/{plot.id}/show").text
    assert "Versions" not in requests.get(plot.url, timeout=TIMEOUT).text
    plot.history = True
    page = requests.get(plot.url, timeout=TIMEOUT).text
    assert "Version 1</strong>" in page
    assert "versions/delete" not in page, "only the owner deletes versions"


def test_share_link_with_history(cloud: RunningCloud, ada: User, key: str) -> None:
    for scale in (1, 2):
        plot = publish(cloud, key, "lent with its past", scale=scale)
    for more, opens in (({}, False), ({"history": "yes"}, True)):
        form = {"form_token": ada.form_token(), "expires": "7", **more}
        page = ada.post(f"/plots/{plot.id}/shares", form).text
        [path] = re.findall(r'id="new-share-link" value="[^"]*(/plots/[^"]+)"', page)
        assert requests.get(f"{cloud.url}{path}&version=1", timeout=TIMEOUT).ok is opens
        for listed in (page, ada.get("/account/shares").text):
            rows = [
                row for row in re.findall(r"<li>.*?</li>", listed, re.DOTALL) if f"{plot.id}/shares/" in row
            ]
            assert any(">With history<" in row for row in rows) is opens


def test_a_version_is_deleted_after_a_confirmation(cloud: RunningCloud, ada: User, key: str) -> None:
    for scale in (1, 2, 3):
        plot = publish(cloud, key, "pruned", scale=scale)
    path, form = f"/plots/{plot.id}/versions/delete", {"form_token": ada.form_token(), "version": "2"}
    page = ada.get(f"/plots/{plot.id}/show").text
    assert re.findall(r'aria-label="Delete version (\d)"', page) == ["2", "1"]
    assert "Delete version 2?" in ada.post(path, form).text
    assert [version.version for version in plot.versions()] == [3, 2, 1]
    assert ada.get(path).url == plot.url, "a browser that reloads the confirmation"
    done = ada.post(path, {**form, "sure": "yes"})
    assert (done.status_code, done.headers["Location"]) == (303, f"/plots/{plot.id}/show")
    assert [version.version for version in plot.versions()] == [3, 1]
    for version, status in (("2", 404), ("3", 409), ("x", 422), ("", 422)):
        wrong = ada.post(path, {**form, "version": version, "sure": "yes"})
        assert wrong.status_code == status, version
    assert [version.version for version in plot.versions()] == [3, 1]


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
