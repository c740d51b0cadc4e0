"""Signing in and out: links in emails, and what they leave in a browser."""

import requests

from tests.integration.people import TIMEOUT, Cloud, Person


def test_programs_register_by_json(cloud: Cloud) -> None:
    body = {"email": "robot@example.com", "username": "robot"}
    answer = cloud.request("POST", "/register", json=body)
    assert (answer.status_code, list(answer.json())) == (202, ["detail"])
    link = cloud.link_to("robot@example.com")
    entered = requests.post(link, json={}, timeout=TIMEOUT)
    assert entered.json() == {"user_id": "robot"}


def test_opening_a_link_does_not_use_it_up(cloud: Cloud) -> None:
    person = Person(cloud, "scanned")
    person.post("/register", {"email": person.email, "username": person.name})
    link = cloud.link_to(person.email).removeprefix(cloud.url)
    for _ in range(3):
        page = person.get(link)
        assert "Make my account" in page.text
        assert not person.browser.cookies
    assert person.post(link, {}).status_code == 303


def test_signing_in_again_rotates_the_session(cloud: Cloud) -> None:
    grace = Person(cloud, "grace")
    grace.register()
    before = grace.browser.cookies["bokeh_cloud"]
    grace.post("/login", {"email": grace.email.upper()})
    link = cloud.link_to(grace.email, 2).removeprefix(cloud.url)
    answer = grace.post(link, {})
    flags = answer.headers["set-cookie"]
    assert all(flag in flags for flag in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="))
    assert "Secure" not in flags  # this one is plain http on loopback
    assert "Domain" not in flags
    assert grace.browser.cookies["bokeh_cloud"] != before
    assert cloud.request("GET", "/whoami", before).status_code == 401


def test_sign_out_everywhere(cloud: Cloud) -> None:
    first, second = Person(cloud, "carol"), Person(cloud, "carol")
    first.register()
    second.post("/login", {"email": second.email})
    second.post(cloud.link_to(second.email, 2).removeprefix(cloud.url), {})
    assert len(first.ids("sessions")) == 2
    first.post("/logout", {"form_token": first.form_token(), "everywhere": "1"})
    assert "Sign in" in second.get("/account").text


def test_login_links_end_with_sign_out_everywhere(cloud: Cloud) -> None:
    frank = Person(cloud, "frank")
    frank.register()
    frank.post("/login", {"email": frank.email})
    link = cloud.link_to(frank.email, 2).removeprefix(cloud.url)
    assert frank.get(link).status_code == 200
    frank.post("/logout", {"form_token": frank.form_token(), "everywhere": "1"})
    assert frank.get(link).status_code == 404
    assert frank.post(link, {}).status_code == 404
    assert frank.sign_in(3).status_code == 303


def test_asking_says_how_often_one_may_ask(cloud: Cloud) -> None:
    for i in range(2):
        answer = cloud.request("POST", "/login", json={"email": "limits@example.com"})
        assert answer.status_code == 202
        assert '"mails-to-address";q=5;w=3600' in answer.headers["RateLimit-Policy"]
        assert f'"mails-to-address";r={4 - i};t=' in answer.headers["RateLimit"]
        assert "Retry-After" not in answer.headers
