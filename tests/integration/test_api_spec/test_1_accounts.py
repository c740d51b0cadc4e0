"""Accounts and keys."""

from tests.integration.people import Cloud, Person
from tests.integration.test_api_spec.caller import Caller, problem


def test_post_register_starts_an_account_with_always_the_same_answer(people: Cloud, ada: Caller) -> None:
    known, unknown = (
        people.request("POST", "/register", json={"email": f"{name}@example.com", "username": f"{name}-1"})
        for name in ("ada", "carol")
    )
    assert known.status_code == unknown.status_code == 202
    assert known.json() == unknown.json()
    assert "/login/bko_" in people.link_to("carol@example.com")


def test_login_is_a_one_time_link_by_email(people: Cloud, ada: Caller) -> None:
    before = len(people.mails_to("ada@example.com"))
    assert people.request("POST", "/login", json={"email": "ada@example.com"}).status_code == 202
    path = people.link_to("ada@example.com", before + 1).removeprefix(people.url)
    person = Person(people, "ada")
    assert person.get(path).status_code == 200  # looking does not use it up
    assert person.post(path, {}).status_code == 303
    assert "ada" in person.get("/account").text
    assert person.post(path, {}).status_code == 404
    assert person.post("/logout", {"form_token": person.form_token()}).status_code == 303
    assert "Sign in" in person.get("/account").text


def test_keys_have_names_scopes_and_expiry_and_are_shown_once(ada: Caller) -> None:
    body = {"name": "laptop", "scopes": ["plots:read"], "expires": "2099-01-01T00:00:00Z"}
    made = ada("POST", "/{user}/keys", json=body)
    assert made.status_code == 201
    key = made.json()
    assert ada.ok("GET", "/whoami", key=key["key"])["scopes"] == sorted(key["scopes"])
    assert ada("GET", "/{user}/plots", key=key["key"]).status_code == 200
    problem(ada("POST", "/{user}/store", key=key["key"], json={}), 403, "forbidden")
    [listed] = [item for item in ada.ok("GET", "/{user}/keys")["keys"] if item["id"] == key["id"]]
    assert {"name", "scopes", "expires", "created", "used"} <= listed.keys()
    assert key["key"] not in str(listed)


def test_delete_keys_revokes(ada: Caller) -> None:
    made = ada.ok("POST", "/{user}/keys", json={"name": "lost", "scopes": ["plots:read"]})
    assert ada("DELETE", f"/{{user}}/keys/{made['id']}").status_code == 204
    problem(ada("GET", "/{user}/plots", key=made["key"]), 401, "unauthenticated")
    problem(ada("DELETE", f"/{{user}}/keys/{made['id']}"), 404, "not-found")


def test_an_api_key_is_needed_and_never_in_a_url(ada: Caller, visitor: Caller) -> None:
    problem(visitor("GET", f"/{ada.user}/plots"), 401, "unauthenticated")
    problem(visitor("GET", f"/{ada.user}/plots?key={ada.key}"), 401, "unauthenticated")


def test_other_peoples_things_are_not_there(ada: Caller, bob: Caller) -> None:
    plot = ada.plot("private", 1.0)
    problem(bob("GET", f"/{ada.user}/plots"), 404, "not-found")
    problem(bob("GET", f"/{ada.user}/plots/{plot['id']}"), 404, "not-found")
