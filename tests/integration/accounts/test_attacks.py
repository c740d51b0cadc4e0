"""Attacks on a cloud with accounts: each is tried, and fails."""

import secrets
import time
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
import requests
from blake3 import blake3

import bokeh_cloud
from tests.conftest import one_process
from tests.integration.accounts.conftest import PUBLISHING, line
from tests.integration.people import TIMEOUT, Cloud, Person
from tests.mailbox import Mailbox, smtp_server


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


def test_a_planted_session_is_not_taken_over(cloud: Cloud) -> None:
    victim = Person(cloud, "victim")
    victim.browser.cookies.set("bokeh_cloud", "bkc_" + "0" * 38, domain="localhost.local")
    victim.register()
    assert "bkc_000" not in str(victim.browser.cookies)
    assert len(victim.browser.cookies) == 1


def test_nobody_is_sent_elsewhere(cloud: Cloud, ada: Person) -> None:
    for query in ("next=https://evil.example", "next=//evil.example", "url=https://evil.example"):
        ada.post(f"/login?{query}", {"email": "x@example.com"})
        answer = ada.post(f"/logout?{query}", {"form_token": "wrong"})
        assert "evil" not in str(answer.headers)


def test_the_link_leads_to_the_cloud_whatever_the_request_says(cloud: Cloud) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    body = {"email": "host@example.com", "username": "hosted"}
    requests.post(f"{cloud.url}/register", json=body, headers=headers, timeout=TIMEOUT)
    assert cloud.link_to("host@example.com").startswith(cloud.url)
    assert "evil" not in cloud.mails_to("host@example.com")[0]


@pytest.mark.parametrize(
    "email", ["ada@example.com\r\nBcc: x@example.com", "a@example.com,b@example.com", "x", ""]
)
def test_addresses_that_are_none(cloud: Cloud, email: str) -> None:
    for form in ({"email": email}, {"email": email, "username": "newcomer"}):
        path = "/register" if "username" in form else "/login"
        assert Person(cloud, "x").post(path, form).status_code == 422
    assert not [mail for mail in cloud.box.mails if mail["Bcc"]]


def test_known_and_unknown_addresses_get_the_same_answer(cloud: Cloud, ada: Person) -> None:
    stranger = Person(cloud, "stranger")
    known = stranger.post("/register", {"email": ada.email, "username": "someone"})
    unknown = stranger.post("/register", {"email": "unknown@example.com", "username": "ada"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    known, unknown = (
        stranger.post("/login", {"email": e}) for e in ("bob2@example.com", "nobody@example.com")
    )
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)


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


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "%2F%2Fevil.example"]
)
def test_links_lead_nowhere_else(cloud: Cloud, target: str) -> None:
    """Open redirects: neither a parameter, nor a header, nor the path decides where a browser goes on."""
    person = Person(cloud, f"sent-to-{blake3(target.encode()).hexdigest()[:6]}")
    person.post("/register", {"email": person.email, "username": person.name, "next": target})
    link = cloud.link_to(person.email).removeprefix(cloud.url)
    answer = person.post(f"{link}?next={target}&return_to={target}", {"next": target}, Referer=target)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    out = person.post(f"/logout?next={target}", {"form_token": person.form_token(), "next": target})
    assert (out.status_code, out.headers["Location"]) == (303, "/login")
    for path in (f"/login/{target}", f"/{target}", f"//{target}"):
        got = person.get(path)
        assert not [step for step in got.history if "evil" in step.headers.get("Location", "")]


def test_a_session_that_an_attacker_knows_does_not_become_the_victims(cloud: Cloud, bob: Person) -> None:
    """Session fixation: the attacker plants their own live session before the victim signs in."""
    mallory = Person(cloud, "mallory")
    mallory.register()
    planted = mallory.browser.cookies["bokeh_cloud"]
    victim = Person(cloud, "vera")
    victim.browser.cookies.set("bokeh_cloud", planted, domain="localhost.local")
    victim.register()
    assert victim.browser.cookies["bokeh_cloud"] != planted
    assert cloud.request("GET", "/whoami", planted).status_code == 401  # it ended with the login
    assert cloud.request("GET", "/whoami", victim.browser.cookies["bokeh_cloud"]).json()["user_id"] == "vera"


def test_a_login_is_not_forced_upon_a_browser(cloud: Cloud) -> None:
    """Login CSRF: another site sends a victim's browser to the attacker's login link."""
    attacker = Person(cloud, "trudy")
    attacker.post("/register", {"email": attacker.email, "username": attacker.name})
    link = cloud.link_to(attacker.email).removeprefix(cloud.url)
    victim = Person(cloud, "victor")
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert victim.post(link, {}, **headers).status_code == 403
    assert not victim.browser.cookies
    assert victim.get(link).status_code == 200  # opening it does nothing, and has not used it up
    assert not victim.browser.cookies


INJECTIONS = [
    "ada@example.com\r\nBcc: eve@example.com",
    "ada@example.com\nSubject: hello",
    "ada@example.com%0d%0aBcc: eve@example.com",
    '"ada\r\nBcc: eve"@example.com',
    "ada@example.com\u2028Bcc: eve@example.com",
    "ada@example.com\x00",
    "=?utf-8?q?ada=0D=0ABcc:_eve?=@example.com",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_header_is_injected_into_a_mail(cloud: Cloud, text: str) -> None:
    marker(cloud)  # so that what was asked for before is sent
    before = len(cloud.box.mails)
    for form in ({"email": text, "username": "inject"}, {"email": "inject@example.com", "username": text}):
        assert Person(cloud, "x").post("/register", form).status_code == 422
    assert Person(cloud, "x").post("/login", {"email": text}).status_code == 422
    marker(cloud)
    assert len(cloud.box.mails) == before + 1
    assert all(headers_of(mail) <= KNOWN for mail in cloud.box.mails)


def marker(cloud: Cloud) -> None:
    """Have a mail sent to an address of its own, and wait for it: those before it are sent by then."""
    name = f"marker-{secrets.token_hex(4)}"
    Person(cloud, "x").post("/register", {"email": f"{name}@example.com", "username": name})
    cloud.link_to(f"{name}@example.com")


KNOWN = {
    "subject", "from", "to", "date", "message-id", "auto-submitted", "mime-version", "content-type", "x-peer",
    "x-mailfrom", "x-rcptto",
}  # fmt: skip


def headers_of(mail: EmailMessage) -> set[str]:
    return {name.lower() for name in mail.keys()}  # noqa: SIM118 - of a message, which has no keys but headers


@pytest.mark.parametrize(
    "header", ["Host", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Original-URL"]
)
def test_no_header_decides_where_the_link_in_a_mail_leads(cloud: Cloud, header: str) -> None:
    email = f"{header.lower()}@example.com"
    body = {"email": email, "username": f"u{header.lower()}"}
    value = "host=evil.example;proto=https" if header == "Forwarded" else "evil.example"
    requests.post(f"{cloud.url}/register", json=body, headers={header: value}, timeout=TIMEOUT)
    assert cloud.link_to(email).startswith(f"{cloud.url}/login/bko_")
    mail = cloud.mails_to(email)[0]
    assert "evil" not in mail


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud behind a proxy, with the limits that there are without settings."""
    box, folder = Mailbox(), tmp_path_factory.mktemp("small")
    with smtp_server(box) as port:
        environ: Any = {"BOKEH_CLOUD_SMTP_URL": f"smtp://127.0.0.1:{port}", "BOKEH_CLOUD_PROXIED": "1"}
        with one_process(f"local://{folder}", "--accounts", **environ) as url:
            yield Cloud(url, box)


def flood(cloud: Cloud, path: str, body: dict[str, str], address: str) -> requests.Response:
    headers = {"X-Forwarded-For": f"1.2.3.4, {address}"}
    return cloud.request("POST", path, json=body, headers=headers)


def test_nobody_is_flooded_with_mail(small: Cloud) -> None:
    victim = Person(small, "flooded")
    victim.register()  # one mail
    answers = [flood(small, "/login", {"email": victim.email}, "10.0.0.1") for _ in range(8)]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429] * 3
    refused = answers[-1]
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert refused.headers["RateLimit"].startswith('"mails-to-address";r=0;t=')
    many = [flood(small, "/login", {"email": victim.email.upper()}, f"10.0.1.{i}") for i in range(20)]
    assert [answer.status_code for answer in many].count(202) == 14  # twenty in all, from wherever
    small.link_to(victim.email, 20)
    time.sleep(0.5)
    assert len(small.mails_to(victim.email)) == 20


def test_nobody_floods_others_from_one_address(small: Cloud) -> None:
    bodies = [{"email": f"v{i}@example.com", "username": f"v{i}"} for i in range(32)]
    codes = [flood(small, "/register", body, "10.9.9.9").status_code for body in bodies]
    assert codes == [202] * 30 + [429] * 2
    assert (
        flood(small, "/register", {"email": "w@example.com", "username": "ww"}, "10.9.9.8").status_code == 202
    )


def test_wrong_keys_of_an_address_are_limited(small: Cloud) -> None:
    def ask(address: str, key: str) -> requests.Response:
        headers = {"X-Forwarded-For": address}
        return small.request("GET", "/whoami", key, headers=headers)

    codes = [ask("10.8.8.8", f"bkp_{i}").status_code for i in range(102)]
    assert codes == [401] * 100 + [429] * 2
    assert int(ask("10.8.8.8", "bkp_x").headers["Retry-After"]) > 0
    assert ask("10.8.8.7", "bkp_x").status_code == 401
