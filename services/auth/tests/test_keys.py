"""API keys, and other credentials of accounts."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.api_keys import MAX_KEYS
from bokeh_auth.credentials.scopes import PUBLISHING, SCOPES, SERVICE_SCOPES, VIEWING
from bokeh_auth.credentials.secret import PERSONAL, new_secret
from bokeh_auth.introspection import AccountTokens, Introspection, ServiceTokens
from bokeh_common.errors import Conflict, Forbidden, Invalid, NotFound
from bokeh_common.storage import RecordStore

ALL = frozenset(SCOPES)


@pytest.fixture
def ada(domain: AccountDomain) -> AccountDomain:
    domain.accounts.create("ada@example.com", "ada")
    domain.accounts.create("bob@example.com", "bob")
    return domain


def introspect(domain: AccountDomain, secret: str) -> dict[str, Any]:
    tokens = AccountTokens(domain.view_tokens, domain.credentials, domain.accounts)
    return asyncio.run(Introspection(tokens, ServiceTokens({})).introspect(secret))


def active(domain: AccountDomain, secret: str) -> bool:
    return bool(introspect(domain, secret)["active"])


def test_a_key_grants_its_scopes(ada: AccountDomain) -> None:
    key, secret = ada.keys.create("ada", " my  laptop ", ["data:read", "plots:read"], None, ALL)
    assert key.name == "my laptop"
    answer = introspect(ada, secret)
    assert (answer["active"], answer["user_id"], answer["only"]) == (True, "ada", None)
    assert answer["scopes"] == ("plots:read", "data:read")


def test_lists_contain_no_secrets(ada: AccountDomain) -> None:
    key, secret = ada.keys.create("ada", "laptop", PUBLISHING, "2027-01-01T00:00:00Z", ALL)
    [listed] = ada.keys.page("ada", "", 10)
    assert listed == key
    assert secret not in str(listed.summary)
    assert listed.digest not in str(listed.summary)
    assert (listed.used, listed.expires) == (None, "2027-01-01T00:00:00Z")
    assert ada.keys.page("bob", "", 10) == []


def test_the_hour_of_the_last_use_is_recorded(ada: AccountDomain, clock: Any) -> None:
    _, secret = ada.keys.create("ada", "laptop", PUBLISHING, None, ALL)
    introspect(ada, secret)
    clock.advance(minutes=5)
    introspect(ada, secret)
    assert ada.keys.page("ada", "", 10)[0].used == "2026-11-24T12:00:00Z"


def test_revoked_expired_and_wrong_keys_are_not_valid(ada: AccountDomain, clock: Any) -> None:
    key, secret = ada.keys.create("ada", "laptop", PUBLISHING, "2026-11-24T14:00:00+01:00", ALL)
    assert active(ada, secret)
    assert not active(ada, new_secret(PERSONAL))
    assert not active(ada, secret + "x")
    with pytest.raises(NotFound):
        ada.keys.revoke("bob", key.id)
    clock.advance(minutes=30)
    assert not active(ada, secret)
    key, secret = ada.keys.create("ada", "laptop", PUBLISHING, None, ALL)
    ada.keys.revoke("ada", key.id)
    assert not active(ada, secret)
    with pytest.raises(NotFound):
        ada.keys.revoke("ada", key.id)


def test_an_incomplete_key_is_not_valid(ada: AccountDomain, store: RecordStore) -> None:
    key, secret = ada.keys.create("ada", "laptop", PUBLISHING, None, ALL)
    store.delete(f"keys/ada/{key.id}")
    assert not active(ada, secret)
    key, secret = ada.keys.create("ada", "laptop", PUBLISHING, None, ALL)
    store.delete(f"digests/{key.digest}")
    assert not active(ada, secret)
    ada.keys.revoke("ada", key.id)


def test_keys_of_disabled_and_deleted_accounts_are_not_valid(ada: AccountDomain) -> None:
    _, secret = ada.keys.create("ada", "laptop", PUBLISHING, None, ALL)
    view = ada.view_tokens.create("ada", "plot1")
    ada.accounts.change("ada", disabled=True)
    assert not active(ada, secret)
    assert not active(ada, view)
    ada.accounts.change("ada", disabled=False)
    assert active(ada, secret)
    ada.accounts.close("ada")
    assert not active(ada, secret)


def test_a_key_cannot_grant_more_scopes_than_it_has(ada: AccountDomain) -> None:
    with pytest.raises(Forbidden, match="plots:write"):
        ada.keys.create(
            "ada", "more", ["plots:read", "plots:write"], None, frozenset({"plots:read", "keys:write"})
        )
    key, _ = ada.keys.create("ada", "all", list(SCOPES), None, ALL)
    with pytest.raises(Forbidden):
        ada.keys.rotate("ada", key.id, timedelta(0), frozenset({"keys:write"}))


@pytest.mark.parametrize(
    ("name", "scopes", "expires"),
    [
        ("", PUBLISHING, None),
        ("x" * 101, PUBLISHING, None),
        ("a\x00b", PUBLISHING, None),
        ("x", [], None),
        ("x", ["everything"], None),
        ("x", ["internal:introspect"], None),
        ("x", PUBLISHING, "tomorrow"),
        ("x", PUBLISHING, "2027-01-01T00:00:00"),
        ("x", PUBLISHING, "2026-11-24T12:30:00Z"),
        ("x", PUBLISHING, "9999-12-31T23:59:59-01:00"),
    ],
)
def test_invalid_keys_are_rejected(
    ada: AccountDomain, name: str, scopes: list[str], expires: str | None
) -> None:
    with pytest.raises(Invalid):
        ada.keys.create("ada", name, scopes, expires, ALL)
    assert ada.keys.page("ada", "", 10) == []


def test_a_key_that_expires_at_the_latest_time_can_be_rotated(ada: AccountDomain) -> None:
    old, _ = ada.keys.create("ada", "robot", PUBLISHING, "9999-12-31T23:59:59Z", ALL)
    assert ada.keys.rotate("ada", old.id, timedelta(0), ALL)[0].expires == "9999-12-31T23:59:59Z"


def test_a_rotated_key_stays_valid_for_a_while(ada: AccountDomain, clock: Any) -> None:
    old, before = ada.keys.create("ada", "robot", PUBLISHING, "2026-12-24T12:30:00Z", ALL)
    clock.advance(days=10)
    new, after = ada.keys.rotate("ada", old.id, timedelta(hours=24), ALL)
    assert (new.name, new.scopes, new.expires) == ("robot", PUBLISHING, "2027-01-03T12:30:00Z")
    assert active(ada, before)
    assert active(ada, after)
    clock.advance(hours=24)
    assert not active(ada, before)
    assert active(ada, after)


def test_rotation_does_not_prolong_the_old_key(ada: AccountDomain, clock: Any) -> None:
    old, before = ada.keys.create("ada", "robot", PUBLISHING, "2026-11-24T13:00:00Z", ALL)
    ada.keys.rotate("ada", old.id, timedelta(days=7), ALL)
    clock.advance(minutes=30)
    assert not active(ada, before)


def test_the_number_of_keys_is_limited(ada: AccountDomain) -> None:
    for i in range(MAX_KEYS):
        ada.keys.create("ada", str(i), PUBLISHING, None, ALL)
    with pytest.raises(Conflict):
        ada.keys.create("ada", "one more", PUBLISHING, None, ALL)


def test_the_tables_of_scopes_agree() -> None:
    assert set(PUBLISHING) | set(VIEWING) < set(SCOPES)
    assert all(scope.startswith("internal:") for scopes in SERVICE_SCOPES.values() for scope in scopes)


def test_a_key_cannot_create_one_that_outlives_it(ada: AccountDomain) -> None:
    until = "2026-11-25T12:00:00Z"
    for expires in (None, "2026-11-25T12:00:01Z", "2027-01-01T00:00:00+01:00"):
        with pytest.raises(Forbidden, match="outlives"):
            ada.keys.create("ada", "more", PUBLISHING, expires, ALL, until)
    assert ada.keys.page("ada", "", 10) == []
    made, _ = ada.keys.create("ada", "same", PUBLISHING, "2026-11-25T13:00:00+01:00", ALL, until)
    assert made.expires == until
    for expires in (None, "2026-12-24T12:30:00Z"):
        old, _ = ada.keys.create("ada", "old", PUBLISHING, expires, ALL)
        new, _ = ada.keys.rotate("ada", old.id, timedelta(0), ALL, until)
        assert new.expires == until
    old, _ = ada.keys.create("ada", "short", PUBLISHING, "2026-11-24T13:30:00Z", ALL)
    assert ada.keys.rotate("ada", old.id, timedelta(0), ALL, until)[0].expires == "2026-11-24T13:30:00Z"


def test_a_view_token_is_not_valid_longer_than_its_share_link(ada: AccountDomain, clock: Any) -> None:
    share, _ = ada.shares.create("ada", "plot1", [], "2026-11-24T12:40:00Z")
    other, _ = ada.shares.create("ada", "plot1", [], None)
    views = {item.id: ada.view_tokens.create("ada", "plot1", item.id) for item in (share, other)}
    assert all(active(ada, view) for view in views.values())
    ada.shares.revoke("ada", "plot1", other.id)
    assert [active(ada, views[item.id]) for item in (share, other)] == [True, False]
    clock.advance(minutes=10)
    assert not active(ada, views[share.id])


def test_share_links_without_a_time_have_the_default_expiry(
    ada: AccountDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ada.shares.create("ada", "plot1")[0].expires is None
    monkeypatch.setattr("bokeh_auth.credentials.share_links.DEFAULT_EXPIRY", timedelta(days=7))
    assert ada.shares.create("ada", "plot1")[0].expires == "2026-12-01T12:30:00Z"
    assert ada.shares.create("ada", "plot1", expires=None)[0].expires is None


@pytest.mark.parametrize("kind", ["bkp_", "bkl_", "bkc_", "bko_", "bks_", "bkv_"])
def test_a_secret_of_one_kind_is_not_valid_as_another(ada: AccountDomain, kind: str) -> None:
    account = ada.accounts.get("ada")
    secrets = {
        "bkp_": ada.keys.create("ada", "x", PUBLISHING, None, ALL)[1],
        "bkl_": ada.shares.create("ada", "plot1", [], None)[1],
        "bkc_": ada.sessions.start(account, "x"),
        "bko_": ada.links.create("login", account.email, "ada"),
        "bks_": new_secret("bks_"),
        "bkv_": ada.view_tokens.create("ada", "plot1"),
    }
    assert active(ada, secrets[kind]) == (kind not in {"bko_", "bks_"})
    for other in secrets.keys() - {kind}:
        assert not active(ada, other + secrets[kind][4:]), other
    assert not active(ada, secrets[kind].upper())
    assert not active(ada, secrets[kind].lower())
    assert not active(ada, f" {secrets[kind]}")


def test_a_key_can_be_used_while_it_is_rotated(
    ada: AccountDomain, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    old, before = ada.keys.create("ada", "robot", PUBLISHING, None, ALL)
    real = ada.repository.credential

    def used_meanwhile(*args: Any) -> Any:
        found = real(*args)
        clock.advance(hours=1)
        if len(reads) < 3:
            reads.append(introspect(ada, before))  # records the hour of its use
        return found

    reads: list[Any] = []
    monkeypatch.setattr(ada.repository, "credential", used_meanwhile)
    _, after = ada.keys.rotate("ada", old.id, timedelta(0), ALL)
    assert len(reads) == 3
    clock.advance(hours=12)
    assert active(ada, after)
    assert not active(ada, before)


def test_a_key_can_be_revoked_while_it_is_rotated(ada: AccountDomain) -> None:
    old, before = ada.keys.create("ada", "robot", PUBLISHING, None, ALL)
    ada.keys.revoke("ada", old.id)
    ada.credentials.expire(old, timedelta(days=1))
    assert not active(ada, before)
    assert ada.keys.page("ada", "", 10) == []
