"""Accounts, login and API keys."""

from tests.integration.test_api_spec.caller import Caller, problem
from tests.support.users import RunningCloud, User


def test_post_register_sends_a_link_and_always_responds_the_same(accounts: RunningCloud, ada: Caller) -> None:
    known, unknown = (
        accounts.request("POST", "/register", json={"email": f"{name}@example.com", "username": f"{name}-1"})
        for name in ("ada", "carol")
    )
    assert known.status_code == unknown.status_code == 202
    assert known.json() == unknown.json()
    assert "/login/bko_" in accounts.link_to("carol@example.com")


def test_post_login_sends_a_one_time_link(accounts: RunningCloud, ada: Caller) -> None:
    before = len(accounts.mails_to("ada@example.com"))
    assert accounts.request("POST", "/login", json={"email": "ada@example.com"}).status_code == 202
    path = accounts.link_to("ada@example.com", before + 1).removeprefix(accounts.url)
    user = User(accounts, "ada")
    assert user.get(path).status_code == 200  # does not redeem it
    assert user.post(path, {}).status_code == 303
    assert "ada" in user.get("/account").text
    assert user.post(path, {}).status_code == 404
    assert user.post("/logout", {"form_token": user.form_token()}).status_code == 303
    assert "Sign in" in user.get("/account").text


def test_keys_have_a_name_scopes_and_an_expiry_date_and_are_returned_once(ada: Caller) -> None:
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


def test_delete_key_revokes_it(ada: Caller) -> None:
    made = ada.ok("POST", "/{user}/keys", json={"name": "lost", "scopes": ["plots:read"]})
    assert ada("DELETE", f"/{{user}}/keys/{made['id']}").status_code == 204
    problem(ada("GET", "/{user}/plots", key=made["key"]), 401, "unauthenticated")
    problem(ada("DELETE", f"/{{user}}/keys/{made['id']}"), 404, "not-found")


def test_a_key_is_required_and_not_accepted_in_the_url(ada: Caller, visitor: Caller) -> None:
    problem(visitor("GET", f"/{ada.user}/plots"), 401, "unauthenticated")
    problem(visitor("GET", f"/{ada.user}/plots?key={ada.key}"), 401, "unauthenticated")


def test_objects_of_other_accounts_are_not_found(ada: Caller, bob: Caller) -> None:
    plot = ada.plot("private", 1.0)
    problem(bob("GET", f"/{ada.user}/plots"), 404, "not-found")
    problem(bob("GET", f"/{ada.user}/plots/{plot['id']}"), 404, "not-found")
