"""From the first mail to the last: each step works, and what it takes away works no more."""

import io
import re
import tarfile
import time
from datetime import UTC, datetime, timedelta

import pytest
import requests

import bokeh_cloud
from tests.integration.accounts.conftest import PUBLISHING, line
from tests.integration.people import TIMEOUT, Cloud, Person


def status(cloud: Cloud, path: str, key: str | None = None) -> int:
    return cloud.request("GET", path, key).status_code


def test_the_whole_way(cloud: Cloud) -> None:
    eve = Person(cloud, "eve")
    assert eve.get("/account").status_code == 401

    # Register, and confirm by the link in the mail, which works once.
    link = eve.register().removeprefix(cloud.url)
    assert eve.post(link, {}).status_code == 404
    assert eve.get(link).status_code == 404

    # Make a key; it works until it is revoked.
    key = eve.make_key(*PUBLISHING)
    [name] = eve.ids("keys")
    server = bokeh_cloud.Server(cloud.url, apikey=key)
    assert server.user_id == "eve"
    assert cloud.request("POST", "/eve/keys", key, json={"name": "more"}).status_code == 403

    # Publish; nobody else sees it.
    plot = server.publish(line(), "mine")
    assert plot.id in eve.get("/").text
    pages = [f"/plots/{plot.id}/{page}" for page in ("show", "embed")]
    assert [status(cloud, page) for page in pages] == [404, 404]

    # The frame has a token that opens this plot and nothing else.
    [view] = set(re.findall(r"bkv_[\w.-]+", eve.get(pages[1]).text))
    assert status(cloud, f"/eve/plots/{plot.id}/scene", view) == 200
    assert status(cloud, "/eve/plots", view) == 404

    # Share; the link opens the plot until it is revoked, and with it what its visitors have open.
    shares = f"/eve/plots/{plot.id}/shares"
    made = cloud.request("POST", shares, key, json={}).json()
    [visitor] = set(re.findall(r"bkv_[\w.-]+", requests.get(cloud.url + made["embed"], timeout=TIMEOUT).text))
    assert status(cloud, made["show"]) == status(cloud, f"/eve/plots/{plot.id}/scene", visitor) == 200
    assert cloud.request("DELETE", f"{shares}/{made['id']}", key).status_code == 204
    assert [status(cloud, made[page]) for page in ("show", "embed")] == [401, 401]
    assert status(cloud, f"/eve/plots/{plot.id}/scene", visitor) == 401
    assert status(cloud, f"/eve/plots/{plot.id}/scene", view) == 200  # the owner's own

    # Revoke the key.
    assert eve.post(f"/account/keys/{name}/revoke", {"form_token": eve.form_token()}).status_code == 303
    with pytest.raises(bokeh_cloud.CloudError):
        server.plots()
    assert status(cloud, f"/eve/plots/{plot.id}", key) == 401

    # Sign out; the cookie opens nothing any more, here or elsewhere.
    cookie = eve.browser.cookies["bokeh_cloud"]
    assert eve.post("/logout", {"form_token": eve.form_token()}).status_code == 303
    assert eve.get("/account").status_code == 401
    assert status(cloud, "/whoami", cookie) == 401

    # Sign in again: the account and its plot are still there.
    assert eve.sign_in(2).status_code == 303
    assert plot.id in eve.get("/").text


def test_an_expired_key_and_share_link(cloud: Cloud, ada: Person) -> None:
    plot = bokeh_cloud.Server(cloud.url, apikey=ada.make_key(*PUBLISHING)).publish(line(21), "brief")
    session = ada.browser.cookies["bokeh_cloud"]
    soon = (datetime.now(UTC) + timedelta(seconds=4)).isoformat()
    body = {"name": "brief", "scopes": list(PUBLISHING), "expires": soon}
    key = cloud.request("POST", "/ada/keys", session, json=body).json()["key"]
    share = cloud.request("POST", f"/ada/plots/{plot.id}/shares", session, json={"expires": soon}).json()
    assert status(cloud, "/ada/plots", key) == 200
    assert status(cloud, share["show"]) == 200
    wait = (datetime.fromisoformat(soon) - datetime.now(UTC)).total_seconds()
    rest(wait + 1)
    assert status(cloud, "/ada/plots", key) == 401
    assert status(cloud, share["show"]) == 401


def rest(seconds: float) -> None:
    """Wait."""
    time.sleep(max(0.0, seconds))


def test_export_and_delete(cloud: Cloud) -> None:
    dora = Person(cloud, "dora")
    dora.register()
    session = dora.browser.cookies["bokeh_cloud"]
    key = dora.make_key(*PUBLISHING)
    plot = bokeh_cloud.Server(cloud.url, apikey=key).publish(line(22), "last")
    share = cloud.request("POST", f"/dora/plots/{plot.id}/shares", key, json={}).json()

    archive = cloud.request("GET", "/dora/account/export", session)
    with tarfile.open(fileobj=io.BytesIO(archive.content)) as opened:
        names = opened.getnames()
    assert f"plots/{plot.id}/versions/1/scene.json" in names
    assert [name for name in names if name.startswith("data/chunks/")]
    assert names[-1] == "complete.json"

    assert cloud.request("DELETE", "/dora/account?confirm=dora", key).status_code == 403  # for programs
    assert cloud.request("DELETE", "/dora/account", session).status_code == 422
    used = cloud.request("GET", "/dora/account", session).json()["used"]
    gone = cloud.request("DELETE", "/dora/account?confirm=dora", session)
    assert gone.status_code == 200
    freed = gone.json()["freed"]
    assert freed["bytes"] >= used["bytes"] > 0
    assert (freed["plots"], freed["keys"], freed["shares"]) == (1, 1, 1)

    assert [status(cloud, "/whoami", token) for token in (session, key)] == [401, 401]
    assert status(cloud, share["show"]) in {401, 404}
    assert status(cloud, f"/plots/{plot.id}/show") == 404
    assert dora.get("/account").status_code == 401
    before = len(cloud.mails_to(dora.email))
    again = Person(cloud, "dora2")
    again.register()  # by now every mail that was asked for before is sent
    dora.post("/login", {"email": dora.email})
    again.sign_in(2)
    assert len(cloud.mails_to(dora.email)) == before
    taken = requests.post(
        f"{cloud.url}/register", json={"email": "x@example.com", "username": "dora"}, timeout=TIMEOUT
    )
    assert taken.status_code == 202
    cloud_says = wait_for_mail(cloud, "x@example.com")
    assert "dora" in cloud_says
    assert "/login/" not in cloud_says


def wait_for_mail(cloud: Cloud, email: str) -> str:
    """Wait for the first mail to an address, and return its text."""
    for _ in range(400):
        if mails := cloud.mails_to(email):
            return mails[0]
        rest(0.05)
    raise AssertionError(f"no mail to {email}")


def test_what_was_done_is_in_the_log_of_the_account(cloud: Cloud, ada: Person) -> None:
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
