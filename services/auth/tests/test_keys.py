"""API keys."""

from datetime import timedelta
from typing import Any

import pytest

from bokeh_auth.credentials import PERSONAL, new_secret
from bokeh_auth.domain import Domain
from bokeh_auth.introspection import Introspection, Keyed, Services
from bokeh_auth.keys import MAX_KEYS
from bokeh_auth.scopes import PUBLISHING, SCOPES, SERVICE_SCOPES, VIEWING
from bokeh_common.errors import Conflict, Forbidden, Invalid, NotFound
from bokeh_common.storage import RecordStore

ALL = frozenset(SCOPES)


@pytest.fixture
def ada(domain: Domain) -> Domain:
    domain.accounts.create("ada@example.com", "ada")
    domain.accounts.create("bob@example.com", "bob")
    return domain


def introspect(domain: Domain, secret: str) -> dict[str, Any]:
    return Introspection(Keyed(domain), Services({})).introspect(secret)


def active(domain: Domain, secret: str) -> bool:
    return bool(introspect(domain, secret)["active"])


def test_a_key_opens_its_account_with_its_scopes(ada: Domain) -> None:
    key, secret = ada.keys.make("ada", " my  laptop ", ["data:read", "plots:read"], None, ALL)
    assert key.name == "my laptop"
    answer = introspect(ada, secret)
    assert (answer["active"], answer["user_id"], answer["only"]) == (True, "ada", None)
    assert answer["scopes"] == ("plots:read", "data:read")


def test_lists_never_show_secrets(ada: Domain) -> None:
    key, secret = ada.keys.make("ada", "laptop", PUBLISHING, "2027-01-01T00:00:00Z", ALL)
    [listed] = ada.keys.page("ada", "", 10)
    assert listed == key
    assert secret not in str(listed.summary)
    assert listed.digest not in str(listed.summary)
    assert (listed.used, listed.expires) == (None, "2027-01-01T00:00:00Z")
    assert ada.keys.page("bob", "", 10) == []


def test_last_use_is_coarse(ada: Domain, clock: Any) -> None:
    _, secret = ada.keys.make("ada", "laptop", PUBLISHING, None, ALL)
    introspect(ada, secret)
    clock.turn(minutes=5)
    introspect(ada, secret)
    assert ada.keys.page("ada", "", 10)[0].used == "2026-11-24T12:00:00Z"


def test_revoked_expired_wrong_and_anothers(ada: Domain, clock: Any) -> None:
    key, secret = ada.keys.make("ada", "laptop", PUBLISHING, "2026-11-24T14:00:00+01:00", ALL)
    assert active(ada, secret)
    assert not active(ada, new_secret(PERSONAL))
    assert not active(ada, secret + "x")
    with pytest.raises(NotFound):
        ada.keys.revoke("bob", key.id)
    clock.turn(minutes=30)
    assert not active(ada, secret)
    key, secret = ada.keys.make("ada", "laptop", PUBLISHING, None, ALL)
    ada.keys.revoke("ada", key.id)
    assert not active(ada, secret)
    with pytest.raises(NotFound):
        ada.keys.revoke("ada", key.id)


def test_what_is_left_of_a_key_by_a_crash_opens_nothing(ada: Domain, store: RecordStore) -> None:
    key, secret = ada.keys.make("ada", "laptop", PUBLISHING, None, ALL)
    store.delete(f"keys/ada/{key.id}")
    assert not active(ada, secret)
    key, secret = ada.keys.make("ada", "laptop", PUBLISHING, None, ALL)
    store.delete(f"digests/{key.digest}")
    assert not active(ada, secret)
    ada.keys.revoke("ada", key.id)


def test_a_key_of_a_disabled_or_deleted_account(ada: Domain) -> None:
    _, secret = ada.keys.make("ada", "laptop", PUBLISHING, None, ALL)
    view = ada.views.make("ada", "plot1")
    ada.accounts.change("ada", disabled=True)
    assert not active(ada, secret)
    assert not active(ada, view)
    ada.accounts.change("ada", disabled=False)
    assert active(ada, secret)
    ada.accounts.close("ada")
    assert not active(ada, secret)


def test_never_more_scopes_than_the_maker(ada: Domain) -> None:
    with pytest.raises(Forbidden, match="plots:write"):
        ada.keys.make(
            "ada", "more", ["plots:read", "plots:write"], None, frozenset({"plots:read", "keys:write"})
        )
    key, _ = ada.keys.make("ada", "all", list(SCOPES), None, ALL)
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
def test_what_no_key_can_be(ada: Domain, name: str, scopes: list[str], expires: str | None) -> None:
    with pytest.raises(Invalid):
        ada.keys.make("ada", name, scopes, expires, ALL)
    assert ada.keys.page("ada", "", 10) == []


def test_a_key_that_is_meant_to_last_for_ever_rotates(ada: Domain) -> None:
    old, _ = ada.keys.make("ada", "robot", PUBLISHING, "9999-12-31T23:59:59Z", ALL)
    assert ada.keys.rotate("ada", old.id, timedelta(0), ALL)[0].expires == "9999-12-31T23:59:59Z"


def test_rotation_overlaps(ada: Domain, clock: Any) -> None:
    old, before = ada.keys.make("ada", "robot", PUBLISHING, "2026-12-24T12:30:00Z", ALL)
    clock.turn(days=10)
    new, after = ada.keys.rotate("ada", old.id, timedelta(hours=24), ALL)
    assert (new.name, new.scopes, new.expires) == ("robot", PUBLISHING, "2027-01-03T12:30:00Z")
    assert active(ada, before)
    assert active(ada, after)
    clock.turn(hours=24)
    assert not active(ada, before)
    assert active(ada, after)


def test_rotation_does_not_prolong_the_old_key(ada: Domain, clock: Any) -> None:
    old, before = ada.keys.make("ada", "robot", PUBLISHING, "2026-11-24T13:00:00Z", ALL)
    ada.keys.rotate("ada", old.id, timedelta(days=7), ALL)
    clock.turn(minutes=30)
    assert not active(ada, before)


def test_keys_are_bounded(ada: Domain) -> None:
    for i in range(MAX_KEYS):
        ada.keys.make("ada", str(i), PUBLISHING, None, ALL)
    with pytest.raises(Conflict):
        ada.keys.make("ada", "one more", PUBLISHING, None, ALL)


def test_the_tables_agree() -> None:
    assert set(PUBLISHING) | set(VIEWING) < set(SCOPES)
    assert all(scope.startswith("internal:") for scopes in SERVICE_SCOPES.values() for scope in scopes)


def test_no_key_makes_one_that_outlives_it(ada: Domain) -> None:
    until = "2026-11-25T12:00:00Z"
    for expires in (None, "2026-11-25T12:00:01Z", "2027-01-01T00:00:00+01:00"):
        with pytest.raises(Forbidden, match="outlives"):
            ada.keys.make("ada", "more", PUBLISHING, expires, ALL, until)
    assert ada.keys.page("ada", "", 10) == []
    made, _ = ada.keys.make("ada", "same", PUBLISHING, "2026-11-25T13:00:00+01:00", ALL, until)
    assert made.expires == until
    for expires in (None, "2026-12-24T12:30:00Z"):
        old, _ = ada.keys.make("ada", "old", PUBLISHING, expires, ALL)
        new, _ = ada.keys.rotate("ada", old.id, timedelta(0), ALL, until)
        assert new.expires == until
    old, _ = ada.keys.make("ada", "short", PUBLISHING, "2026-11-24T13:30:00Z", ALL)
    assert ada.keys.rotate("ada", old.id, timedelta(0), ALL, until)[0].expires == "2026-11-24T13:30:00Z"


def test_a_view_token_ends_with_its_share_link(ada: Domain, clock: Any) -> None:
    share, _ = ada.shares.make("ada", "plot1", "2026-11-24T12:40:00Z", [])
    other, _ = ada.shares.make("ada", "plot1", None, [])
    views = {item.id: ada.views.make("ada", "plot1", item.id) for item in (share, other)}
    assert all(active(ada, view) for view in views.values())
    ada.shares.revoke("ada", "plot1", other.id)
    assert [active(ada, views[item.id]) for item in (share, other)] == [True, False]
    clock.turn(minutes=10)
    assert not active(ada, views[share.id])


@pytest.mark.parametrize("kind", ["bkp_", "bkl_", "bkc_", "bko_", "bks_", "bkv_"])
def test_a_secret_of_one_kind_is_none_of_another(ada: Domain, kind: str) -> None:
    account = ada.accounts.get("ada")
    secrets = {
        "bkp_": ada.keys.make("ada", "x", PUBLISHING, None, ALL)[1],
        "bkl_": ada.shares.make("ada", "plot1", None, [])[1],
        "bkc_": ada.sessions.start(account, "x"),
        "bko_": ada.links.make("login", account.email, "ada"),
        "bks_": new_secret("bks_"),
        "bkv_": ada.views.make("ada", "plot1"),
    }
    assert active(ada, secrets[kind]) == (kind not in {"bko_", "bks_"})
    for other in secrets.keys() - {kind}:
        assert not active(ada, other + secrets[kind][4:]), other
    assert not active(ada, secrets[kind].upper())
    assert not active(ada, secrets[kind].lower())
    assert not active(ada, f" {secrets[kind]}")


def test_a_key_that_is_used_while_it_is_rotated(
    ada: Domain, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    old, before = ada.keys.make("ada", "robot", PUBLISHING, None, ALL)
    real = ada.records.credential

    def used_meanwhile(*args: Any) -> Any:
        found = real(*args)
        clock.turn(hours=1)
        if len(reads) < 3:
            reads.append(introspect(ada, before))  # notes the hour of its use
        return found

    reads: list[Any] = []
    monkeypatch.setattr(ada.records, "credential", used_meanwhile)
    _, after = ada.keys.rotate("ada", old.id, timedelta(0), ALL)
    assert len(reads) == 3
    clock.turn(hours=12)
    assert active(ada, after)
    assert not active(ada, before)


def test_a_key_that_is_revoked_while_it_is_rotated(ada: Domain) -> None:
    old, before = ada.keys.make("ada", "robot", PUBLISHING, None, ALL)
    ada.keys.revoke("ada", old.id)
    ada.vault.end(old, timedelta(days=1))
    assert not active(ada, before)
    assert ada.keys.page("ada", "", 10) == []
