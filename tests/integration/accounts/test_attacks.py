"""Attacks on a cloud with accounts fail."""

import secrets
import time
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
import requests
from blake3 import blake3

import bokeh_cloud
from tests.integration.accounts.conftest import PUBLISHING, line
from tests.support.users import TIMEOUT, RunningCloud, User, start_cloud_with_accounts


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
def test_forms_of_other_sites_are_rejected(ada: User, path: str, headers: dict[str, str]) -> None:
    form = {"form_token": ada.form_token(), "name": "x", "email": "x@example.com", "username": "xx"}
    assert ada.post(path, form, **headers).status_code == 403
    assert "Sign in" not in ada.get("/account").text


def test_forms_with_the_token_of_another_session_are_rejected(ada: User, bob: User) -> None:
    for token in ({}, {"form_token": ""}, {"form_token": bob.form_token()}):
        for path in ("/logout", "/account/keys", f"/account/keys/{'0' * 16}/revoke"):
            assert ada.post(path, {"name": "x", **token}).status_code == 403
    assert "Sign in" not in ada.get("/account").text


def test_the_session_cookie_is_accepted_by_pages_only(cloud: RunningCloud, ada: User) -> None:
    for path in ("/ada/plots", "/ada/data", "/ada/keys", "/whoami"):
        assert ada.get(path).status_code == 401, path


def test_an_invalid_session_cookie_is_replaced_at_login(cloud: RunningCloud) -> None:
    victim = User(cloud, "victim")
    victim.browser.cookies.set("bokeh_cloud", "bkc_" + "0" * 38, domain="localhost.local")
    victim.register()
    assert "bkc_000" not in str(victim.browser.cookies)
    assert sorted(cookie.name for cookie in victim.browser.cookies) == ["bokeh_cloud", "bokeh_cloud_browser"]


def test_login_and_logout_do_not_redirect_to_other_sites(cloud: RunningCloud, ada: User) -> None:
    for query in ("next=https://evil.example", "next=//evil.example", "url=https://evil.example"):
        ada.post(f"/login?{query}", {"email": "x@example.com"})
        response = ada.post(f"/logout?{query}", {"form_token": "wrong"})
        assert "evil" not in str(response.headers)


def test_links_in_mails_do_not_use_the_host_header(cloud: RunningCloud) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    body = {"email": "host@example.com", "username": "hosted"}
    requests.post(f"{cloud.url}/register", json=body, headers=headers, timeout=TIMEOUT)
    assert cloud.link_to("host@example.com").startswith(cloud.url)
    assert "evil" not in cloud.mails_to("host@example.com")[0]


@pytest.mark.parametrize(
    "email", ["ada@example.com\r\nBcc: x@example.com", "a@example.com,b@example.com", "x", ""]
)
def test_invalid_email_addresses_are_rejected(cloud: RunningCloud, email: str) -> None:
    for form in ({"email": email}, {"email": email, "username": "newcomer"}):
        path = "/register" if "username" in form else "/login"
        assert User(cloud, "x").post(path, form).status_code == 422
    assert not [mail for mail in cloud.mailbox.mails if mail["Bcc"]]


def test_known_and_unknown_addresses_get_the_same_response(cloud: RunningCloud, ada: User) -> None:
    """Nothing but what the form contained differs, which the page shows again."""
    stranger = User(cloud, "stranger")

    def ask(path: str, **form: str) -> tuple[int, str]:
        response = stranger.post(path, form)
        text = response.text
        for name, value in form.items():
            assert f'name="{name}" value="{value}"' in text
            text = text.replace(f'value="{value}"', f'value="the {name}"').replace(f">{value}<", ">it<")
        return response.status_code, text

    known = ask("/register", email=ada.email, username="someone")
    assert known == ask("/register", email="unknown@example.com", username="ada")
    assert ask("/login", email="bob2@example.com") == ask("/login", email="unknown@example.com")


def test_plots_of_other_accounts_are_not_found(cloud: RunningCloud, ada: User, bob: User) -> None:
    theirs = bokeh_cloud.Server(cloud.url, apikey=bob.make_key(*PUBLISHING)).publish(line(), "bob's")
    key = ada.make_key(*PUBLISHING, "keys:write")
    for path in (
        f"/bob/plots/{theirs.id}",
        f"/plots/{theirs.id}/show",
        f"/plots/{theirs.id}/embed",
        "/bob/plots",
    ):
        missing = path.replace(theirs.id, "a" * len(theirs.id)).replace("bob", "nonexistent")
        responses = [cloud.request("GET", path, key), cloud.request("GET", missing, key)]
        assert [response.status_code for response in responses] == [404, 404]
        assert responses[0].text == responses[1].text


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "%2F%2Fevil.example"]
)
def test_there_are_no_open_redirects(cloud: RunningCloud, target: str) -> None:
    """Neither a parameter nor a header nor the path determines where the browser is redirected."""
    user = User(cloud, f"sent-to-{blake3(target.encode()).hexdigest()[:6]}")
    user.post("/register", {"email": user.email, "username": user.name, "next": target})
    link = cloud.link_to(user.email).removeprefix(cloud.url)
    response = user.post(f"{link}?next={target}&return_to={target}", {"next": target}, Referer=target)
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    logout = user.post(f"/logout?next={target}", {"form_token": user.form_token(), "next": target})
    assert (logout.status_code, logout.headers["Location"]) == (303, "/login")
    assert "evil" not in user.get(f"/login?next={target}").text
    user.browser.cookies.set("bokeh_cloud_next", target, domain="localhost.local")
    assert user.sign_in(2).headers["Location"] == "/"
    for path in (f"/login/{target}", f"/{target}", f"//{target}"):
        history = user.get(path).history
        assert not [step for step in history if "evil" in step.headers.get("Location", "")]


def test_session_fixation_fails(cloud: RunningCloud, bob: User) -> None:
    """The attacker sets the cookie of their own session in a browser before the victim signs in."""
    mallory = User(cloud, "mallory")
    mallory.register()
    planted = mallory.browser.cookies["bokeh_cloud"]
    victim = User(cloud, "vera")
    victim.browser.cookies.set("bokeh_cloud", planted, domain="localhost.local")
    victim.register()
    assert victim.browser.cookies["bokeh_cloud"] != planted
    assert cloud.request("GET", "/whoami", planted).status_code == 401  # the login ended it
    assert cloud.request("GET", "/whoami", victim.browser.cookies["bokeh_cloud"]).json()["user_id"] == "vera"


def test_login_csrf_fails(cloud: RunningCloud) -> None:
    """Another site sends a victim's browser to the attacker's login link."""
    attacker = User(cloud, "trudy")
    attacker.post("/register", {"email": attacker.email, "username": attacker.name})
    link = cloud.link_to(attacker.email).removeprefix(cloud.url)
    victim = User(cloud, "victor")
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert victim.post(link, {}, **headers).status_code == 403
    assert not victim.browser.cookies
    assert victim.get(link).status_code == 200  # opening the link does not redeem it
    assert not victim.browser.cookies


#: The beginning of addresses to which `wait_for_outbox` sends mails.
LAST = "last-"

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
def test_header_injection_into_mails_fails(cloud: RunningCloud, text: str) -> None:
    wait_for_outbox(cloud)
    before = mails_of_others(cloud)
    for form in ({"email": text, "username": "inject"}, {"email": "inject@example.com", "username": text}):
        assert User(cloud, "x").post("/register", form).status_code == 422
    assert User(cloud, "x").post("/login", {"email": text}).status_code == 422
    wait_for_outbox(cloud)
    assert mails_of_others(cloud) == before
    assert all(header_names(mail) <= EXPECTED_HEADERS for mail in cloud.mailbox.mails)


def wait_for_outbox(cloud: RunningCloud) -> None:
    """Wait until all mails that were requested before are sent, by requesting one more.

    Processes send mails at the same time, so others may follow that one.
    """
    name = f"{LAST}{secrets.token_hex(4)}"
    User(cloud, "x").post("/register", {"email": f"{name}@example.com", "username": name})
    cloud.link_to(f"{name}@example.com")
    found = -1
    while found != len(cloud.mailbox.mails):
        found = len(cloud.mailbox.mails)
        time.sleep(0.5)


def mails_of_others(cloud: RunningCloud) -> int:
    """Return how many mails were sent, but for those of `wait_for_outbox`."""
    return sum(not str(mail["To"]).startswith(LAST) for mail in cloud.mailbox.mails)


EXPECTED_HEADERS = {
    "subject", "from", "to", "date", "message-id", "auto-submitted", "mime-version", "content-type", "x-peer",
    "x-mailfrom", "x-rcptto",
}  # fmt: skip


def header_names(mail: EmailMessage) -> set[str]:
    return {name.lower() for name in mail.keys()}  # noqa: SIM118 - a message is not iterable by its keys


@pytest.mark.parametrize(
    "header", ["Host", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Original-URL"]
)
def test_links_in_mails_do_not_use_forwarding_headers(cloud: RunningCloud, header: str) -> None:
    email = f"{header.lower()}@example.com"
    body = {"email": email, "username": f"u{header.lower()}"}
    value = "host=evil.example;proto=https" if header == "Forwarded" else "evil.example"
    requests.post(f"{cloud.url}/register", json=body, headers={header: value}, timeout=TIMEOUT)
    assert cloud.link_to(email).startswith(f"{cloud.url}/login/bko_")
    mail = cloud.mails_to(email)[0]
    assert "evil" not in mail


@pytest.fixture(scope="module")
def limited_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud behind a proxy, with the default rate limits."""
    storage = f"local://{tmp_path_factory.mktemp('rate-limits')}"
    with start_cloud_with_accounts(storage, BOKEH_CLOUD_PROXIED="1") as cloud:
        yield cloud


def post_from(cloud: RunningCloud, address: str, path: str, body: dict[str, str]) -> requests.Response:
    """Send a request from a client address."""
    headers = {"X-Forwarded-For": f"1.2.3.4, {address}"}
    return cloud.request("POST", path, json=body, headers=headers)


def test_mails_to_one_address_are_limited(limited_cloud: RunningCloud) -> None:
    victim = User(limited_cloud, "flooded")
    victim.register()  # one mail
    responses = [post_from(limited_cloud, "10.0.0.1", "/login", {"email": victim.email}) for _ in range(8)]
    assert [response.status_code for response in responses] == [202] * 5 + [429] * 3
    rejected = responses[-1]
    assert 0 < int(rejected.headers["Retry-After"]) <= 3600
    assert rejected.headers["RateLimit"].startswith('"mails-to-address";r=0;t=')
    body = {"email": victim.email.upper()}
    others = [post_from(limited_cloud, f"10.0.1.{i}", "/login", body) for i in range(20)]
    assert [response.status_code for response in others].count(202) == 14  # twenty from all client addresses
    limited_cloud.link_to(victim.email, 20)
    time.sleep(0.5)
    assert len(limited_cloud.mails_to(victim.email)) == 20


def test_strangers_do_not_keep_login_mail_from_a_remembered_browser(limited_cloud: RunningCloud) -> None:
    owner = User(limited_cloud, "remembered")
    owner.register()
    owner.post("/logout", {"form_token": owner.form_token()})
    assert [cookie.name for cookie in owner.browser.cookies] == ["bokeh_cloud_browser"]
    body = {"email": owner.email}
    strangers = [post_from(limited_cloud, f"10.0.2.{i % 4}", "/login", body) for i in range(24)]
    assert {response.status_code for response in strangers} == {202, 429}
    assert post_from(limited_cloud, "10.0.3.1", "/login", body).status_code == 429
    sent = len(limited_cloud.mails_to(owner.email))
    assert owner.sign_in(sent + 1).status_code == 303
    assert "Sign out" in owner.get("/account").text
    other = {"email": "another@example.com"}
    assert owner.post("/login", other).headers["RateLimit"].startswith('"mails";')


def test_mails_requested_by_one_client_address_are_limited(limited_cloud: RunningCloud) -> None:
    bodies = [{"email": f"v{i}@example.com", "username": f"v{i}"} for i in range(32)]
    statuses = [post_from(limited_cloud, "10.9.9.9", "/register", body).status_code for body in bodies]
    assert statuses == [202] * 30 + [429] * 2
    body = {"email": "w@example.com", "username": "ww"}
    assert post_from(limited_cloud, "10.9.9.8", "/register", body).status_code == 202


def test_wrong_keys_from_one_client_address_are_limited(limited_cloud: RunningCloud) -> None:
    def whoami(address: str, key: str) -> requests.Response:
        return limited_cloud.request("GET", "/whoami", key, headers={"X-Forwarded-For": address})

    statuses = [whoami("10.8.8.8", f"bkp_{i}").status_code for i in range(102)]
    assert statuses == [401] * 100 + [429] * 2
    assert int(whoami("10.8.8.8", "bkp_x").headers["Retry-After"]) > 0
    assert whoami("10.8.8.7", "bkp_x").status_code == 401
