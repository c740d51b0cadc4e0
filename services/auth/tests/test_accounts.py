"""Accounts, one-time links and sessions."""

import threading
from contextlib import suppress
from email.message import EmailMessage
from typing import Any

import pytest

from bokeh_auth.accounts import Account
from bokeh_auth.credentials import ONE_TIME, digest_of, new_secret
from bokeh_auth.domain import Domain
from bokeh_auth.entrance import Entrance
from bokeh_auth.introspection import Introspection, Keyed, Services
from bokeh_auth.limits import Limits
from bokeh_auth.links import LOGIN, REGISTER, Link
from bokeh_auth.outbox import Note, Outbox
from bokeh_common.errors import Conflict, NotFound
from bokeh_common.http.limits import Limiter
from bokeh_common.storage import RecordStore


def introspect(domain: Domain, secret: str) -> dict[str, Any]:
    return Introspection(Keyed(domain), Services({})).introspect(secret)


def start(domain: Domain, agent: str) -> str:
    return domain.sessions.start(domain.accounts.get("ada"), agent)


def test_create_and_find(domain: Domain) -> None:
    made = domain.accounts.create("Ada@Example.com", "Ada")
    assert made == Account("ada", "ada@example.com", "2026-11-24T12:30:00Z")
    assert domain.accounts.of_email("ada@example.com") == domain.accounts.get("ada") == made


def test_names_and_addresses_are_unique_without_regard_to_case(domain: Domain) -> None:
    domain.accounts.create("ada@example.com", "ada")
    with pytest.raises(Conflict) as taken:
        domain.accounts.create("eve@example.com", "ADA")
    assert taken.value.kind == "username-taken"
    with pytest.raises(Conflict) as taken:
        domain.accounts.create("ADA@example.com", "eve")
    assert taken.value.kind == "email-taken"
    assert domain.accounts.of_email("eve@example.com") is None
    assert [account.user_id for account in domain.accounts.page("", 10)] == ["ada"]


def test_a_claim_that_a_crash_left_is_taken_over(domain: Domain, store: RecordStore, clock: Any) -> None:
    made = domain.accounts.create("ada@example.com", "ada")
    store.delete("accounts/ada")  # as if the process had died between the two writes
    assert domain.accounts.of_email("ada@example.com") is None
    with pytest.raises(Conflict):  # it may be at work still
        domain.accounts.create("ada@example.com", "ada2")
    clock.turn(minutes=1)
    assert domain.accounts.create("ada@example.com", "ada2").email == made.email


def test_of_many_at_the_same_moment_one_gets_the_address(domain: Domain) -> None:
    won: list[str] = []

    def create(name: str) -> None:
        with suppress(Conflict):
            won.append(domain.accounts.create("ada@example.com", name).user_id)

    threads = [threading.Thread(target=create, args=(f"ada{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    there = [account.user_id for account in domain.accounts.page("", 10)]
    owner = domain.accounts.of_email("ada@example.com")
    assert owner is not None
    assert there == won == [owner.user_id]


def test_change_and_delete(domain: Domain) -> None:
    domain.accounts.create("ada@example.com", "ada")
    assert domain.accounts.change("ada", disabled=True, max_plots=5).disabled
    assert domain.accounts.find_active("ada") is None
    domain.accounts.change("ada", disabled=False)
    domain.accounts.close("ada")
    assert domain.accounts.find_active("ada") is None
    with pytest.raises(Conflict):  # as long as something of it may be there
        domain.accounts.create("ada@example.com", "lovelace")
    domain.accounts.retire("ada")
    assert domain.accounts.create("ada@example.com", "lovelace").email == "ada@example.com"
    with pytest.raises(Conflict):  # what was under the name must not become another's
        domain.accounts.create("other@example.com", "ada")
    with pytest.raises(NotFound):
        domain.accounts.get("eve")


def test_a_link_works_once(domain: Domain) -> None:
    secret = domain.links.make(REGISTER, "ada@example.com", "ada")
    link = Link(REGISTER, "ada@example.com", "ada", "2026-11-25T12:30:00Z")
    assert domain.links.look(secret) == domain.links.look(secret) == link
    assert domain.links.use(secret) == link
    assert domain.links.use(secret) is None
    assert domain.links.look(secret) is None


def test_of_many_at_the_same_moment_one_uses_the_link(domain: Domain) -> None:
    secret, got = domain.links.make(LOGIN, "ada@example.com", "ada"), []
    threads = [threading.Thread(target=lambda: got.append(domain.links.use(secret))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(link is not None for link in got) == 1


def test_links_expire_and_are_cleared_away(domain: Domain, clock: Any) -> None:
    secret = domain.links.make(LOGIN, "ada@example.com", "ada")
    domain.links.make(REGISTER, "ada@example.com", "ada")
    clock.turn(minutes=15)
    assert domain.links.use(secret) is None
    assert domain.links.clear() == 1
    assert domain.links.clear() == 0


def test_other_texts_are_no_links(domain: Domain) -> None:
    for text in ("", "bko_x", new_secret(ONE_TIME), "../accounts/ada"):
        assert domain.links.use(text) is None


def test_secrets_are_not_in_the_storage(domain: Domain, store: RecordStore) -> None:
    domain.accounts.create("ada@example.com", "ada")
    _, key = domain.keys.make("ada", "laptop", ["plots:read"], None, frozenset({"plots:read"}))
    link, session = domain.links.make(LOGIN, "ada@example.com", "ada"), start(domain, "Opera")
    everything = str([(record.key, record.value) for record in store.list(limit=1000)])
    for secret in (link, session, key):
        assert digest_of(secret) in everything
        assert secret not in everything
        assert secret[4:36] not in everything


def test_sessions(domain: Domain) -> None:
    domain.accounts.create("ada@example.com", "ada")
    first, second = start(domain, "Firefox"), start(domain, "\x00\n")
    assert {session.name for session in domain.sessions.page("ada")} == {"Firefox", "a browser"}
    assert introspect(domain, first)["user_id"] == "ada"
    [session] = [session for session in domain.sessions.page("ada") if session.name == "Firefox"]
    domain.sessions.end("ada", session.id)
    assert introspect(domain, first) == {"active": False}
    assert introspect(domain, second)["active"]
    start(domain, "x")
    assert domain.sessions.sign_out_everywhere("ada") == 2
    assert introspect(domain, second) == {"active": False}


def test_sessions_end_by_themselves(domain: Domain, clock: Any) -> None:
    domain.accounts.create("ada@example.com", "ada")
    token = start(domain, "Firefox")
    clock.turn(days=14)
    assert introspect(domain, token) == {"active": False}


def test_names_that_look_alike_are_one(domain: Domain, store: RecordStore, clock: Any) -> None:
    domain.accounts.create("bill@example.com", "bill-morn")
    for name in ("bi11-morn", "bill-mom", "bil1-m0rn"):
        with pytest.raises(Conflict) as taken:
            domain.accounts.create(f"{name}@example.com", name)
        assert taken.value.kind == "username-taken"
        assert domain.accounts.of_email(f"{name}@example.com") is None
    store.delete("accounts/bill-morn")  # as a crash between the claims and the account leaves it
    clock.turn(minutes=1)
    assert domain.accounts.create("other@example.com", "bi11-morn").user_id == "bi11-morn"


def test_of_many_that_look_alike_one_gets_the_name(domain: Domain) -> None:
    won: list[str] = []

    def create(name: str) -> None:
        with suppress(Conflict):
            won.append(domain.accounts.create(f"{name}@example.com", name).user_id)

    names = ("modern", "rnodern", "m0dern", "rn0dern")
    threads = [threading.Thread(target=create, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [account.user_id for account in domain.accounts.page("", 10)] == won
    assert len(won) == 1


def test_signing_out_everywhere_ends_login_links_too(domain: Domain) -> None:
    domain.accounts.create("ada@example.com", "ada")
    entrance = entrance_of(domain)
    before = domain.links.make(LOGIN, "ada@example.com", "ada", domain.accounts.get("ada").epoch)
    assert entrance.look(before).username == "ada"
    domain.sessions.sign_out_everywhere("ada")
    for act in (lambda: entrance.look(before), lambda: entrance.enter(before, "x", "10.0.0.1")):
        with pytest.raises(NotFound):
            act()
    after = domain.links.make(LOGIN, "ada@example.com", "ada", domain.accounts.get("ada").epoch)
    assert entrance.enter(after, "x", "10.0.0.1")[0] == "ada"


def test_a_session_that_begins_while_its_owner_signs_out_everywhere_is_ended(domain: Domain) -> None:
    domain.accounts.create("ada@example.com", "ada")
    account = domain.accounts.get("ada")  # as the login saw it
    domain.sessions.sign_out_everywhere("ada")
    token = domain.sessions.start(account, "Firefox")
    assert introspect(domain, token) == {"active": False}
    assert domain.sessions.page("ada") == []


def test_sessions_do_not_pile_up(domain: Domain, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bokeh_auth.sessions.MAX_SESSIONS", 3)
    domain.accounts.create("ada@example.com", "ada")
    tokens = []
    for i in range(5):
        tokens.append(start(domain, str(i)))
        clock.turn(seconds=1)
    assert {session.name for session in domain.sessions.page("ada")} == {"2", "3", "4"}
    assert [introspect(domain, token)["active"] for token in tokens] == [False, False, True, True, True]
    clock.turn(days=15)
    start(domain, "new")
    assert len(domain.vault.page("bkc_", "ada")) == 1


def test_a_link_of_an_address_that_changed_hands(domain: Domain) -> None:
    domain.accounts.create("ada@example.com", "ada")
    link = domain.links.make(LOGIN, "ada@example.com", "ada")
    domain.accounts.change("ada", email="new@example.com")
    with pytest.raises(NotFound):
        entrance_of(domain).enter(link, "x", "10.0.0.1")


def entrance_of(domain: Domain) -> Entrance:
    outbox = Outbox(domain.records, Nobody(), Nobody())
    limits = Limits(Limiter())
    return Entrance(
        domain.accounts, domain.links, domain.sessions, outbox, limits, domain.audit, lambda: None
    )


class Nobody:
    """Neither writes mail nor sends it."""

    def write(self, note: Note) -> EmailMessage | None:
        raise AssertionError("nobody asked")

    def send(self, message: EmailMessage) -> None:
        raise AssertionError("nobody asked")
