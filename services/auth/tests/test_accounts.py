"""Accounts, one-time links and sessions."""

import asyncio
import threading
from contextlib import suppress
from email.message import EmailMessage
from typing import Any

import pytest

from bokeh_auth.accounts.accounts import Account
from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.one_time_links import LOGIN, REGISTER, OneTimeLink
from bokeh_auth.credentials.secret import ONE_TIME, digest_of, new_secret
from bokeh_auth.introspection import AccountTokens, Introspection, ServiceTokens
from bokeh_auth.login.login import Login
from bokeh_auth.login.remembered_browsers import RememberedBrowsers
from bokeh_auth.mail.outbox import Outbox, QueuedMessage
from bokeh_auth.rate_limits import RateLimits
from bokeh_common.errors import Conflict, NotFound
from bokeh_common.http.rate_limits import RateLimiter
from bokeh_common.storage import RecordStore


def introspect(domain: AccountDomain, secret: str) -> dict[str, Any]:
    tokens = AccountTokens(domain.view_tokens, domain.credentials, domain.accounts)
    return asyncio.run(Introspection(tokens, ServiceTokens({})).introspect(secret))


def start(domain: AccountDomain, agent: str) -> str:
    return domain.sessions.start(domain.accounts.get("ada"), agent)


def test_accounts_are_created_and_found(domain: AccountDomain) -> None:
    made = domain.accounts.create("Ada@Example.com", "Ada")
    assert made == Account("ada", "ada@example.com", "2026-11-24T12:30:00Z")
    assert domain.accounts.of_email("ada@example.com") == domain.accounts.get("ada") == made


def test_usernames_and_addresses_are_unique_regardless_of_case(domain: AccountDomain) -> None:
    domain.accounts.create("ada@example.com", "ada")
    with pytest.raises(Conflict) as taken:
        domain.accounts.create("eve@example.com", "ADA")
    assert taken.value.kind == "username-taken"
    with pytest.raises(Conflict) as taken:
        domain.accounts.create("ADA@example.com", "eve")
    assert taken.value.kind == "email-taken"
    assert domain.accounts.of_email("eve@example.com") is None
    assert [account.user_id for account in domain.accounts.page("", 10)] == ["ada"]


def test_a_claim_without_an_account_is_taken_over(
    domain: AccountDomain, store: RecordStore, clock: Any
) -> None:
    made = domain.accounts.create("ada@example.com", "ada")
    store.delete("accounts/ada")  # as if the process had crashed between the two writes
    assert domain.accounts.of_email("ada@example.com") is None
    with pytest.raises(Conflict):  # it may still be in progress
        domain.accounts.create("ada@example.com", "ada2")
    clock.advance(minutes=1)
    assert domain.accounts.create("ada@example.com", "ada2").email == made.email


def test_of_concurrent_registrations_one_gets_the_address(domain: AccountDomain) -> None:
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


def test_accounts_are_changed_and_closed(domain: AccountDomain) -> None:
    domain.accounts.create("ada@example.com", "ada")
    assert domain.accounts.change("ada", disabled=True, max_plots=5).disabled
    assert domain.accounts.find_active("ada") is None
    domain.accounts.change("ada", disabled=False)
    domain.accounts.close("ada")
    assert domain.accounts.find_active("ada") is None
    with pytest.raises(Conflict):  # as long as its data may exist
        domain.accounts.create("ada@example.com", "lovelace")
    domain.accounts.release_email("ada")
    assert domain.accounts.create("ada@example.com", "lovelace").email == "ada@example.com"
    with pytest.raises(Conflict):  # data under the username must not become another account's
        domain.accounts.create("other@example.com", "ada")
    with pytest.raises(NotFound):
        domain.accounts.get("eve")


def test_a_link_works_once(domain: AccountDomain) -> None:
    secret = domain.links.create(REGISTER, "ada@example.com", "ada")
    link = OneTimeLink(REGISTER, "ada@example.com", "ada", "2026-11-25T12:30:00Z")
    assert domain.links.peek(secret) == domain.links.peek(secret) == link
    assert domain.links.redeem(secret) == link
    assert domain.links.redeem(secret) is None
    assert domain.links.peek(secret) is None


def test_of_concurrent_clients_one_redeems_the_link(domain: AccountDomain) -> None:
    secret, got = domain.links.create(LOGIN, "ada@example.com", "ada"), []
    threads = [threading.Thread(target=lambda: got.append(domain.links.redeem(secret))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(link is not None for link in got) == 1


def test_links_expire_and_are_purged(domain: AccountDomain, clock: Any) -> None:
    secret = domain.links.create(LOGIN, "ada@example.com", "ada")
    domain.links.create(REGISTER, "ada@example.com", "ada")
    clock.advance(minutes=15)
    assert domain.links.redeem(secret) is None
    assert domain.links.purge() == 1
    assert domain.links.purge() == 0


def test_other_strings_are_not_links(domain: AccountDomain) -> None:
    for text in ("", "bko_x", new_secret(ONE_TIME), "../accounts/ada"):
        assert domain.links.redeem(text) is None


def test_secrets_are_not_stored(domain: AccountDomain, store: RecordStore) -> None:
    domain.accounts.create("ada@example.com", "ada")
    _, key = domain.keys.create("ada", "laptop", ["plots:read"], None, frozenset({"plots:read"}))
    link, session = domain.links.create(LOGIN, "ada@example.com", "ada"), start(domain, "Opera")
    everything = str([(record.key, record.value) for record in store.list(limit=1000)])
    for secret in (link, session, key):
        assert digest_of(secret) in everything
        assert secret not in everything
        assert secret[4:36] not in everything


def test_sessions_are_listed_and_ended(domain: AccountDomain) -> None:
    domain.accounts.create("ada@example.com", "ada")
    first, second = start(domain, "Firefox"), start(domain, "\x00\n")
    assert {session.name for session in domain.sessions.page("ada")} == {"Firefox", "a browser"}
    assert introspect(domain, first)["user_id"] == "ada"
    [session] = [session for session in domain.sessions.page("ada") if session.name == "Firefox"]
    domain.sessions.end("ada", session.id)
    assert introspect(domain, first) == {"active": False}
    assert introspect(domain, second)["active"]
    start(domain, "x")
    assert domain.sessions.end_all("ada") == 2
    assert introspect(domain, second) == {"active": False}


def test_sessions_expire(domain: AccountDomain, clock: Any) -> None:
    domain.accounts.create("ada@example.com", "ada")
    token = start(domain, "Firefox")
    clock.advance(days=14)
    assert introspect(domain, token) == {"active": False}


def test_usernames_that_look_alike_are_taken_together(
    domain: AccountDomain, store: RecordStore, clock: Any
) -> None:
    domain.accounts.create("bill@example.com", "bill-morn")
    for name in ("bi11-morn", "bill-mom", "bil1-m0rn"):
        with pytest.raises(Conflict) as taken:
            domain.accounts.create(f"{name}@example.com", name)
        assert taken.value.kind == "username-taken"
        assert domain.accounts.of_email(f"{name}@example.com") is None
    store.delete("accounts/bill-morn")  # as a crash between the claims and the account would
    clock.advance(minutes=1)
    assert domain.accounts.create("other@example.com", "bi11-morn").user_id == "bi11-morn"


def test_of_concurrent_usernames_that_look_alike_one_is_taken(domain: AccountDomain) -> None:
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


def test_a_logout_everywhere_invalidates_login_links(domain: AccountDomain) -> None:
    domain.accounts.create("ada@example.com", "ada")
    login = login_of(domain)
    before = domain.links.create(LOGIN, "ada@example.com", "ada", domain.accounts.get("ada").epoch)
    assert login.peek(before).username == "ada"
    domain.sessions.end_all("ada")
    for use in (lambda: login.peek(before), lambda: login.redeem(before, "x", "10.0.0.1")):
        with pytest.raises(NotFound):
            use()
    after = domain.links.create(LOGIN, "ada@example.com", "ada", domain.accounts.get("ada").epoch)
    assert login.redeem(after, "x", "10.0.0.1")[0] == "ada"


def test_a_logout_everywhere_ends_sessions_that_start_meanwhile(domain: AccountDomain) -> None:
    domain.accounts.create("ada@example.com", "ada")
    account = domain.accounts.get("ada")  # as the login saw it
    domain.sessions.end_all("ada")
    token = domain.sessions.start(account, "Firefox")
    assert introspect(domain, token) == {"active": False}
    assert domain.sessions.page("ada") == []


def test_the_number_of_sessions_is_limited(
    domain: AccountDomain, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bokeh_auth.login.sessions.MAX_SESSIONS", 3)
    domain.accounts.create("ada@example.com", "ada")
    tokens = []
    for i in range(5):
        tokens.append(start(domain, str(i)))
        clock.advance(seconds=1)
    assert {session.name for session in domain.sessions.page("ada")} == {"2", "3", "4"}
    assert [introspect(domain, token)["active"] for token in tokens] == [False, False, True, True, True]
    clock.advance(days=15)
    start(domain, "new")
    assert len(domain.credentials.page("bkc_", "ada")) == 1


def test_a_login_link_of_an_old_address_is_not_valid(domain: AccountDomain) -> None:
    domain.accounts.create("ada@example.com", "ada")
    link = domain.links.create(LOGIN, "ada@example.com", "ada")
    domain.accounts.change("ada", email="new@example.com")
    with pytest.raises(NotFound):
        login_of(domain).redeem(link, "x", "10.0.0.1")


def login_of(domain: AccountDomain) -> Login:
    outbox = Outbox(domain.repository, NoMail(), NoMail())
    limits = RateLimits(RateLimiter())
    browsers = RememberedBrowsers(domain.signing_keys.accepted)
    return Login(
        domain.accounts, domain.links, browsers, domain.sessions, outbox, limits, domain.audit, lambda: None
    )


class NoMail:
    """Neither writes messages nor sends them."""

    def write(self, queued: QueuedMessage) -> EmailMessage | None:
        raise AssertionError("no message is expected")

    def send(self, message: EmailMessage) -> None:
        raise AssertionError("no message is expected")
