"""The audit log."""

import logging
from typing import Any

import pytest

from bokeh_auth.audit_log import AuditLog
from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.secret import new_secret
from bokeh_common.errors import Unavailable


def actions(domain: AccountDomain, user: str = "ada") -> list[str]:
    return [entry["action"] for entry in domain.audit.page(user, "", 1000)]


def test_entries_are_listed_by_account_and_newest_first(
    domain: AccountDomain, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "bokeh_cloud.audit"):
        domain.audit.record("keys.make", "ada", "10.0.0.1", "done", key="k1")
        clock.advance(seconds=1)
        domain.audit.record("keys.revoke", "ada", "10.0.0.2", "refused", key="k1")
    newest, oldest = domain.audit.page("ada", "", 10)
    assert newest.pop("id") < oldest.pop("id")
    assert newest == {
        "time": "2026-11-24T12:30:01Z", "action": "keys.revoke", "user": "ada", "origin": "10.0.0.2",
        "outcome": "refused", "key": "k1",
    }  # fmt: skip
    assert domain.audit.page("bob", "", 10) == []
    assert len(caplog.messages) == 2


def test_pages_continue_each_other(domain: AccountDomain, clock: Any) -> None:
    for i in range(5):
        domain.audit.record(str(i), "ada", "", "done")
        clock.advance(microseconds=1)
    first = domain.audit.page("ada", "", 3)
    second = domain.audit.page("ada", first[-1]["id"], 3)
    assert [entry["action"] for entry in first + second] == ["4", "3", "2", "1", "0"]


def test_actions_without_authentication_are_logged_but_not_stored(domain: AccountDomain) -> None:
    domain.audit.log("login", "ada", "10.0.0.1", "refused")
    assert actions(domain) == []


def test_the_newest_entries_are_kept(domain: AccountDomain, clock: Any) -> None:
    audit = AuditLog(domain.repository, clock, chance=lambda rounds: 0)
    for i in range(1003):
        AuditLog(domain.repository, clock, chance=lambda rounds: 1).record(str(i), "ada", "", "done")
        clock.advance(microseconds=1)
    domain.audit.record("other", "bob", "", "done")
    audit.record("last", "ada", "", "done")
    kept = actions(domain)
    assert (len(kept), kept[0], kept[-1]) == (1000, "last", "4")
    assert audit.trim("ada", 0) == 1000
    assert (actions(domain), actions(domain, "bob")) == ([], ["other"])


def test_an_action_succeeds_although_its_entry_cannot_be_stored(
    domain: AccountDomain, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def down(*args: Any) -> None:
        raise Unavailable("down")

    monkeypatch.setattr(domain.repository, "add_entry", down)
    with caplog.at_level(logging.INFO):
        domain.audit.record("keys.make", "ada", "", "done")
    assert '"keys.make"' in caplog.messages[0]
    assert "could not be stored" in caplog.messages[1]


def test_a_secret_in_the_place_of_an_id_is_redacted(
    domain: AccountDomain, caplog: pytest.LogCaptureFixture
) -> None:
    secret = new_secret("bkp_")
    with caplog.at_level(logging.INFO, "bokeh_cloud.audit"):
        for fact in (secret, f"x{secret}y", "bkv_abc.def", "k" * 81):
            domain.audit.record("keys.revoke", "ada", "", "refused", key=fact)
    entries = domain.audit.page("ada", "", 10)
    assert {entry["key"] for entry in entries} == {"(not an id)"}
    assert secret not in caplog.text
