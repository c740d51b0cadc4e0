"""Registration, login and logout: links in mails, and sessions."""

import requests

from tests.support.users import TIMEOUT, RunningCloud, User


def test_programs_register_with_json(cloud: RunningCloud) -> None:
    body = {"email": "robot@example.com", "username": "robot"}
    response = cloud.request("POST", "/register", json=body)
    assert (response.status_code, list(response.json())) == (202, ["detail"])
    link = cloud.link_to("robot@example.com")
    redeemed = requests.post(link, json={}, timeout=TIMEOUT)
    assert redeemed.json() == {"user_id": "robot"}


def test_opening_a_link_does_not_redeem_it(cloud: RunningCloud) -> None:
    user = User(cloud, "scanned")
    user.post("/register", {"email": user.email, "username": user.name})
    link = cloud.link_to(user.email).removeprefix(cloud.url)
    for _ in range(3):
        page = user.get(link)
        assert "Create my account" in page.text
        assert not user.browser.cookies
    assert user.post(link, {}).status_code == 303


def test_another_login_replaces_the_session(cloud: RunningCloud) -> None:
    grace = User(cloud, "grace")
    grace.register()
    before = grace.browser.cookies["bokeh_cloud"]
    grace.post("/login", {"email": grace.email.upper()})
    link = cloud.link_to(grace.email, 2).removeprefix(cloud.url)
    response = grace.post(link, {})
    flags = response.headers["set-cookie"]
    assert all(flag in flags for flag in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="))
    assert "Secure" not in flags  # this cloud is served by plain HTTP on loopback
    assert "Domain" not in flags
    assert grace.browser.cookies["bokeh_cloud"] != before
    assert cloud.request("GET", "/whoami", before).status_code == 401


def test_sign_out_everywhere_ends_all_sessions(cloud: RunningCloud) -> None:
    first, second = User(cloud, "carol"), User(cloud, "carol")
    first.register()
    second.post("/login", {"email": second.email})
    second.post(cloud.link_to(second.email, 2).removeprefix(cloud.url), {})
    assert len(first.ids("sessions")) == 2
    first.post("/logout", {"form_token": first.form_token(), "everywhere": "1"})
    assert "Sign in" in second.get("/account").text


def test_sign_out_everywhere_invalidates_login_links(cloud: RunningCloud) -> None:
    frank = User(cloud, "frank")
    frank.register()
    frank.post("/login", {"email": frank.email})
    link = cloud.link_to(frank.email, 2).removeprefix(cloud.url)
    assert frank.get(link).status_code == 200
    frank.post("/logout", {"form_token": frank.form_token(), "everywhere": "1"})
    assert frank.get(link).status_code == 404
    assert frank.post(link, {}).status_code == 404
    assert frank.sign_in(3).status_code == 303


def test_the_response_to_a_login_request_has_the_rate_limit(cloud: RunningCloud) -> None:
    for i in range(2):
        response = cloud.request("POST", "/login", json={"email": "limits@example.com"})
        assert response.status_code == 202
        assert '"mails-to-address";q=5;w=3600' in response.headers["RateLimit-Policy"]
        assert f'"mails-to-address";r={4 - i};t=' in response.headers["RateLimit"]
        assert "Retry-After" not in response.headers


def test_a_link_requested_by_a_stranger_leads_to_the_start_page(cloud: RunningCloud) -> None:
    """Only a login that was requested in the same browser leads to another page."""
    path = "/login/device?code=BCDF-GHJK"
    victim, stranger = User(cloud, "victor"), User(cloud, "eva")
    victim.register()
    stranger.post("/login", {"email": victim.email, "next": path})
    link = cloud.link_to(victim.email, 2).removeprefix(cloud.url)
    assert victim.post(link, {}).headers["Location"] == "/"
    victim.post("/login", {"email": victim.email, "next": path})
    assert victim.sign_in(4).headers["Location"] == "/", "the second form has no page"
    victim.post("/login", {"email": victim.email, "next": path})
    link = cloud.link_to(victim.email, 5).removeprefix(cloud.url)
    assert victim.post(link, {}).headers["Location"] == path
