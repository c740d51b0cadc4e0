"""A cloud with accounts, from the first mail to the last key: and each thing that must fail, fails."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from bokeh.plotting import figure

import bokeh_cloud
from tests.conftest import one_process
from tests.integration.people import TIMEOUT, Cloud, Person
from tests.mailbox import Mailbox, smtp_server

PUBLISHING = ("plots:read", "plots:write", "data:read", "data:write", "account")


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("printed") / "output"


@pytest.fixture(scope="module")
def cloud(cloud_storage: str, printed: Path) -> Iterator[Cloud]:
    box = Mailbox()
    with smtp_server(box) as port, printed.open("wb") as output:
        smtp = f"smtp://127.0.0.1:{port}"
        with one_process(cloud_storage, "--accounts", output=output, BOKEH_CLOUD_SMTP_URL=smtp) as url:
            yield Cloud(url, box)


@pytest.fixture(scope="module")
def ada(cloud: Cloud) -> Person:
    person = Person(cloud, "ada")
    person.register()
    return person


@pytest.fixture(scope="module")
def bob(cloud: Cloud) -> Person:
    person = Person(cloud, "bob")
    person.register()
    return person


def line(slope: float = 1) -> Any:
    plot = figure(title=f"slope {slope}")
    plot.line(np.arange(100.0), np.arange(100.0) * slope)
    return plot


def test_from_the_first_mail_to_the_last_key(cloud: Cloud) -> None:
    eve = Person(cloud, "eve")
    assert "Sign in" in eve.get("/").text
    link = eve.register()
    assert "Publish your first plot" in eve.get("/").text
    key = eve.make_key(*PUBLISHING)
    server = bokeh_cloud.Server(cloud.url, apikey=key)
    assert server.user_id == "eve"
    plot = server.publish(line(), "mine")
    assert plot.id in eve.get("/").text
    assert requests.get(plot.url, timeout=TIMEOUT).status_code == 404
    embed = eve.get(f"/plots/{plot.id}/embed").text
    [token] = set(re.findall(r"bkv_[\w.-]+", embed))
    assert cloud.request("GET", f"/eve/plots/{plot.id}/scene", token).status_code == 200

    assert eve.post(link.removeprefix(cloud.url), {}).status_code == 404  # it worked once
    [name] = eve.ids("keys")
    assert eve.post(f"/account/keys/{name}/revoke", {"form_token": eve.form_token()}).status_code == 303
    with pytest.raises(bokeh_cloud.CloudError):
        server.plots()
    assert eve.post("/logout", {"form_token": eve.form_token()}).status_code == 303
    assert "Sign in" in eve.get("/account").text


def test_programs_register_by_json(cloud: Cloud) -> None:
    body = {"email": "robot@example.com", "username": "robot"}
    answer = cloud.request("POST", "/register", json=body)
    assert (answer.status_code, list(answer.json())) == (202, ["detail"])
    link = cloud.link_to("robot@example.com")
    entered = requests.post(link, json={}, timeout=TIMEOUT)
    assert entered.json() == {"user_id": "robot"}


def test_the_link_leads_to_the_cloud_whatever_the_request_says(cloud: Cloud) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    body = {"email": "host@example.com", "username": "hosted"}
    requests.post(f"{cloud.url}/register", json=body, headers=headers, timeout=TIMEOUT)
    assert cloud.link_to("host@example.com").startswith(cloud.url)
    assert "evil" not in cloud.mails_to("host@example.com")[0]


def test_opening_a_link_does_not_use_it_up(cloud: Cloud) -> None:
    person = Person(cloud, "scanned")
    person.post("/register", {"email": person.email, "username": person.name})
    link = cloud.link_to(person.email).removeprefix(cloud.url)
    for _ in range(3):
        page = person.get(link)
        assert "Make my account" in page.text
        assert not person.browser.cookies
    assert person.post(link, {}).status_code == 303


def test_signing_in_again_rotates_the_session(cloud: Cloud, ada: Person) -> None:
    before = ada.browser.cookies["bokeh_cloud"]
    ada.post("/login", {"email": ada.email.upper()})
    link = cloud.link_to(ada.email, 2).removeprefix(cloud.url)
    answer = ada.post(link, {})
    flags = answer.headers["set-cookie"]
    assert all(flag in flags for flag in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="))
    assert "Secure" not in flags  # this one is plain http on loopback
    assert "Domain" not in flags
    assert ada.browser.cookies["bokeh_cloud"] != before
    assert cloud.request("GET", "/whoami", before).status_code == 401


def test_a_planted_session_is_not_taken_over(cloud: Cloud) -> None:
    victim = Person(cloud, "victim")
    victim.browser.cookies.set("bokeh_cloud", "bkc_" + "0" * 38, domain="localhost.local")
    victim.register()
    assert "bkc_000" not in str(victim.browser.cookies)
    assert len(victim.browser.cookies) == 1


def test_sign_out_everywhere(cloud: Cloud) -> None:
    first, second = Person(cloud, "carol"), Person(cloud, "carol")
    first.register()
    second.post("/login", {"email": second.email})
    second.post(cloud.link_to(second.email, 2).removeprefix(cloud.url), {})
    assert len(first.ids("sessions")) == 2
    first.post("/logout", {"form_token": first.form_token(), "everywhere": "1"})
    assert "Sign in" in second.get("/account").text


def test_known_and_unknown_addresses_get_the_same_answer(cloud: Cloud, ada: Person) -> None:
    stranger = Person(cloud, "stranger")
    known = stranger.post("/register", {"email": ada.email, "username": "someone"})
    unknown = stranger.post("/register", {"email": "unknown@example.com", "username": "ada"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    known, unknown = (
        stranger.post("/login", {"email": e}) for e in ("bob2@example.com", "nobody@example.com")
    )
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize(
    "path", ["/register", "/login", "/logout", "/account/keys", "/account/keys/x/revoke"]
)
def test_forms_of_other_sites_are_refused(ada: Person, path: str, headers: dict[str, str]) -> None:
    form = {"form_token": ada.form_token(), "name": "x", "email": "x@example.com", "username": "xx"}
    assert ada.post(path, form, **headers).status_code == 403
    assert "Sign in" not in ada.get("/account").text


def test_forms_of_other_sessions_are_refused(ada: Person, bob: Person) -> None:
    for token in ({}, {"form_token": ""}, {"form_token": bob.form_token()}):
        for path in ("/logout", "/account/keys", f"/account/keys/{'0' * 16}/revoke"):
            assert ada.post(path, {"name": "x", **token}).status_code == 403
    assert "Sign in" not in ada.get("/account").text


def test_the_cookie_opens_pages_and_nothing_else(cloud: Cloud, ada: Person) -> None:
    for path in ("/ada/plots", "/ada/data", "/ada/keys", "/whoami"):
        assert ada.get(path).status_code == 401, path


def test_nobody_is_sent_elsewhere(cloud: Cloud, ada: Person) -> None:
    for query in ("next=https://evil.example", "next=//evil.example", "url=https://evil.example"):
        ada.post(f"/login?{query}", {"email": "x@example.com"})
        answer = ada.post(f"/logout?{query}", {"form_token": "wrong"})
        assert "evil" not in str(answer.headers)


@pytest.mark.parametrize(
    "email", ["ada@example.com\r\nBcc: x@example.com", "a@example.com,b@example.com", "x", ""]
)
def test_addresses_that_are_none(cloud: Cloud, email: str) -> None:
    for form in ({"email": email}, {"email": email, "username": "newcomer"}):
        path = "/register" if "username" in form else "/login"
        assert Person(cloud, "x").post(path, form).status_code == 422
    assert not [mail for mail in cloud.box.mails if mail["Bcc"]]


def test_another_persons_things_are_not_there(cloud: Cloud, ada: Person, bob: Person) -> None:
    theirs = bokeh_cloud.Server(cloud.url, apikey=bob.make_key(*PUBLISHING)).publish(line(), "bob's")
    key = ada.make_key(*PUBLISHING, "keys:write")
    for path in (
        f"/bob/plots/{theirs.id}",
        f"/plots/{theirs.id}/show",
        f"/plots/{theirs.id}/embed",
        "/bob/plots",
    ):
        unreal = path.replace(theirs.id, "a" * len(theirs.id)).replace("bob", "nobody")
        real, missing = cloud.request("GET", path, key), cloud.request("GET", unreal, key)
        assert real.status_code == missing.status_code == 404
        assert real.text == missing.text


def visit(url: str, **how: Any) -> requests.Response:
    """Open an address as somebody without an account."""
    return requests.get(url, timeout=TIMEOUT, headers={"Accept": "text/html", **how})


def test_visibility(cloud: Cloud, ada: Person, bob: Person) -> None:
    key, others = ada.make_key(*PUBLISHING), bob.make_key(*PUBLISHING)
    plot = bokeh_cloud.Server(cloud.url, apikey=key).publish(line(5), "seen by some")
    api = f"/ada/plots/{plot.id}"
    for visibility, status in (("link", 200), ("public", 200), ("private", 404)):
        assert cloud.request("PATCH", api, key, json={"visibility": visibility}).status_code == 200
        for path in (api, f"{api}/scene", f"{api}/data", f"/plots/{plot.id}/show", f"/plots/{plot.id}/embed"):
            assert visit(cloud.url + path).status_code == status, (visibility, path)
            assert cloud.request("GET", path, others).status_code == status, (visibility, path)
            assert cloud.request("GET", path, "bkp_wrong").status_code == 401
        for path in (api, f"{api}/rollback", f"{api}/shares"):
            for who in (None, others):
                refused = [
                    cloud.request(m, path, who, json={}).status_code for m in ("PATCH", "DELETE", "POST")
                ]
                assert set(refused) <= {401, 404, 405}, (visibility, path)
        assert (
            cloud.request("GET", api.replace("ada", "bob"), others).status_code == 404
        )  # not bob's, whoever sees it


def test_the_frame_of_a_public_plot_reads_its_data(cloud: Cloud, ada: Person) -> None:
    key = ada.make_key(*PUBLISHING)
    plot = bokeh_cloud.Server(cloud.url, apikey=key).publish(line(6), "public")
    assert "frame-ancestors 'self'" in ada.get(f"/plots/{plot.id}/embed").headers["content-security-policy"]
    cloud.request("PATCH", f"/ada/plots/{plot.id}", key, json={"visibility": "public"})
    frame = visit(plot.embed_url)
    assert "frame-ancestors 'self' *" in frame.headers["content-security-policy"]
    [token] = set(re.findall(r"bkv_[\w.-]+", frame.text))
    hashes = re.findall(r"[0-9a-f]{64}", cloud.request("GET", f"/ada/plots/{plot.id}/scene", token).text)
    body = {"columns": sorted(set(hashes))}
    assert cloud.request("POST", "/ada/data/columns", token, json=body).status_code == 200
    assert cloud.request("POST", "/ada/data/columns", json=body).status_code == 401


def test_share_links(cloud: Cloud, ada: Person) -> None:
    key = ada.make_key(*PUBLISHING)
    server = bokeh_cloud.Server(cloud.url, apikey=key)
    plot, other = server.publish(line(7), "shared"), server.publish(line(8), "not shared")
    path = f"/ada/plots/{plot.id}/shares"
    made = cloud.request("POST", path, key, json={"origins": ["https://blog.example.org"]}).json()
    assert visit(cloud.url + made["show"]).status_code == 200
    assert made["embed"].partition("?")[2] in visit(cloud.url + made["show"]).text
    policy = visit(cloud.url + made["embed"]).headers["content-security-policy"]
    assert "frame-ancestors 'self' https://blog.example.org" in policy
    for page in ("show", "embed"):
        assert visit(cloud.url + made[page].replace(plot.id, other.id)).status_code == 404
    token = made["show"].partition("=")[2]
    for wrong in (f"/ada/plots/{other.id}", "/ada/plots", "/ada/data", "/ada/keys", path, "/whoami"):
        assert cloud.request("GET", wrong, token).status_code in {403, 404}, wrong
    assert cloud.request("PATCH", f"/ada/plots/{plot.id}", token, json={"title": "x"}).status_code == 404
    listed = cloud.request("GET", path, key)
    assert [share["id"] for share in listed.json()["shares"]] == [made["id"]]
    assert token not in listed.text
    assert cloud.request("DELETE", f"/ada/plots/{other.id}/shares/{made['id']}", key).status_code == 404
    assert cloud.request("DELETE", f"{path}/{made['id']}", key).status_code == 204
    assert visit(cloud.url + made["show"]).status_code == 401
    assert cloud.request("GET", path, key).json() == {"shares": []}


@pytest.mark.parametrize(
    "wishes",
    [
        {"origins": ["https://x.example; script-src *"]},
        {"origins": ["*"]},
        {"origins": ["https://x.example/path"]},
        {"origins": "x"},
        {"expires": "2020-01-01T00:00:00Z"},
        {"expires": "soon"},
        {"more": 1},
        [],
    ],
)
def test_share_links_that_cannot_be(cloud: Cloud, ada: Person, wishes: Any) -> None:
    key = ada.make_key(*PUBLISHING)
    plot = bokeh_cloud.Server(cloud.url, apikey=key).publish(line(9), "not to be shared so")
    assert cloud.request("POST", f"/ada/plots/{plot.id}/shares", key, json=wishes).status_code == 422


def test_zz_no_secret_was_printed(cloud: Cloud, printed: Path, ada: Person) -> None:
    requests.get(f"{cloud.url}/login/bko_{'x' * 38}", timeout=TIMEOUT)
    text = printed.read_text()
    assert "Bokeh Cloud is running" in text
    assert re.findall(r"bk[a-z]_[\w.-]{8,}", text) == []
    assert "@example.com" not in text
    lines = [json.loads(line) for line in text.splitlines() if '"action"' in line]
    assert {"register", "keys.make", "keys.revoke"} <= {
        line["action"] for line in lines if line["outcome"] == "done"
    }
    assert {"ada", "bob"} <= {line["user"] for line in lines}
