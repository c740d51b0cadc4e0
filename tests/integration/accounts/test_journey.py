"""The life of an account from registration to deletion, with everything that each step grants and revokes."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
import requests

import bokeh_cloud
from tests.integration.accounts.conftest import PUBLISHING, line
from tests.support.account_cloud import read_tar
from tests.support.users import MAIL_SECONDS, TIMEOUT, RunningCloud, User
from tests.support.waiting import wait_until


def status(cloud: RunningCloud, path: str, key: str | None = None) -> int:
    return cloud.request("GET", path, key).status_code


def test_an_account_from_registration_to_logout(cloud: RunningCloud) -> None:
    eve = User(cloud, "eve")
    assert eve.get("/account").status_code == 401

    # Register, and confirm by the link in the mail, which can be redeemed once.
    link = eve.register().removeprefix(cloud.url)
    assert eve.post(link, {}).status_code == 404
    assert eve.get(link).status_code == 404

    # Make a key, which is valid until it is revoked.
    key = eve.make_key(*PUBLISHING)
    [name] = eve.ids("keys")
    server = bokeh_cloud.Server(cloud.url, apikey=key)
    assert server.user_id == "eve"
    assert cloud.request("POST", "/eve/keys", key, json={"name": "more"}).status_code == 403

    # Publish a private plot.
    plot = server.publish(line(), "mine")
    assert plot.id in eve.get("/").text
    pages = [f"/plots/{plot.id}/{page}" for page in ("show", "embed")]
    assert [status(cloud, page) for page in pages] == [404, 404]

    # The frame has a view token for this plot only.
    [view] = set(re.findall(r"bkv_[\w.-]+", eve.get(pages[1]).text))
    assert status(cloud, f"/eve/plots/{plot.id}/scene", view) == 200
    assert status(cloud, "/eve/plots", view) == 404

    # Share the plot; the link is valid until it is revoked, and so are view tokens that were issued for it.
    shares = f"/eve/plots/{plot.id}/shares"
    made = cloud.request("POST", shares, key, json={}).json()
    [visitor] = set(re.findall(r"bkv_[\w.-]+", requests.get(cloud.url + made["embed"], timeout=TIMEOUT).text))
    assert status(cloud, made["show"]) == status(cloud, f"/eve/plots/{plot.id}/scene", visitor) == 200
    assert cloud.request("DELETE", f"{shares}/{made['id']}", key).status_code == 204
    assert [status(cloud, made[page]) for page in ("show", "embed")] == [401, 401]
    assert status(cloud, f"/eve/plots/{plot.id}/scene", visitor) == 401
    assert status(cloud, f"/eve/plots/{plot.id}/scene", view) == 200  # the owner's token

    # Revoke the key.
    form = {"form_token": eve.form_token()}
    assert "Revoke this key?" in eve.post(f"/account/keys/{name}/revoke", form).text
    assert eve.post(f"/account/keys/{name}/revoke", {**form, "sure": "yes"}).status_code == 303
    with pytest.raises(bokeh_cloud.CloudError):
        server.plots()
    assert status(cloud, f"/eve/plots/{plot.id}", key) == 401

    # Sign out, which invalidates the cookie.
    cookie = eve.browser.cookies["bokeh_cloud"]
    assert eve.post("/logout", {"form_token": eve.form_token()}).status_code == 303
    assert eve.get("/account").status_code == 401
    assert status(cloud, "/whoami", cookie) == 401

    # Sign in again; the account still has its plot.
    assert eve.sign_in(2).status_code == 303
    assert plot.id in eve.get("/").text


def test_an_expired_key_and_share_link_are_rejected(cloud: RunningCloud, ada: User) -> None:
    plot = bokeh_cloud.Server(cloud.url, apikey=ada.make_key(*PUBLISHING)).publish(line(21), "brief")
    session = ada.browser.cookies["bokeh_cloud"]
    soon = (datetime.now(UTC) + timedelta(seconds=4)).isoformat()
    body = {"name": "brief", "scopes": list(PUBLISHING), "expires": soon}
    key = cloud.request("POST", "/ada/keys", session, json=body).json()["key"]
    share = cloud.request("POST", f"/ada/plots/{plot.id}/shares", session, json={"expires": soon}).json()
    assert status(cloud, "/ada/plots", key) == 200
    assert status(cloud, share["show"]) == 200
    remaining = (datetime.fromisoformat(soon) - datetime.now(UTC)).total_seconds()
    time.sleep(max(0.0, remaining + 1))
    assert status(cloud, "/ada/plots", key) == 401
    assert status(cloud, share["show"]) == 401


def test_an_account_is_exported_and_deleted(cloud: RunningCloud) -> None:
    dora = User(cloud, "dora")
    dora.register()
    session = dora.browser.cookies["bokeh_cloud"]
    key = dora.make_key(*PUBLISHING)
    plot = bokeh_cloud.Server(cloud.url, apikey=key).publish(line(22), "last")
    share = cloud.request("POST", f"/dora/plots/{plot.id}/shares", key, json={}).json()

    archive = cloud.request("GET", "/dora/account/export", session)
    names = list(read_tar(archive.content))
    assert f"plots/{plot.id}/versions/1/scene.json" in names
    assert [name for name in names if name.startswith("data/chunks/")]
    assert names[-1] == "complete.json"

    assert cloud.request("DELETE", "/dora/account?confirm=dora", key).status_code == 403  # an API key
    assert cloud.request("DELETE", "/dora/account", session).status_code == 422
    used = cloud.request("GET", "/dora/account", session).json()["used"]
    deleted = cloud.request("DELETE", "/dora/account?confirm=dora", session)
    assert deleted.status_code == 200
    freed = deleted.json()["freed"]
    assert freed["bytes"] >= used["bytes"] > 0
    assert (freed["plots"], freed["keys"], freed["shares"]) == (1, 1, 1)

    assert [status(cloud, "/whoami", token) for token in (session, key)] == [401, 401]
    assert status(cloud, share["show"]) in {401, 404}
    assert status(cloud, f"/plots/{plot.id}/show") == 404
    assert dora.get("/account").status_code == 401
    before = len(cloud.mails_to(dora.email))
    again = User(cloud, "dora2")
    again.register()  # all mails that were requested before are sent by then
    dora.post("/login", {"email": dora.email})
    again.sign_in(2)
    assert len(cloud.mails_to(dora.email)) == before
    body = {"email": "x@example.com", "username": "dora"}
    assert requests.post(f"{cloud.url}/register", json=body, timeout=TIMEOUT).status_code == 202
    wait_until(lambda: bool(cloud.mails_to("x@example.com")), MAIL_SECONDS)
    mail = cloud.mails_to("x@example.com")[0]
    assert "dora" in mail
    assert "/login/" not in mail


def test_actions_are_in_the_audit_log(cloud: RunningCloud, ada: User) -> None:
    session = ada.browser.cookies["bokeh_cloud"]
    ada.make_key("plots:read")
    ada.post("/account/keys", {"form_token": ada.form_token(), "name": "", "scopes": ["plots:read"]})
    entries = cloud.request("GET", "/ada/audit?limit=1000", session).json()["entries"]
    assert entries[0]["outcome"] == "refused"
    assert entries[1]["action"] == "keys.make"
    assert entries[1]["by"].startswith("sessions/")
    assert entries[-1]["action"] == "register"
    assert {entry["origin"] for entry in entries} <= {"127.0.0.1", "::1"}
    assert {entry["user"] for entry in entries} == {"ada"}
