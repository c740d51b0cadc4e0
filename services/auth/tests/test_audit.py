"""The audit log of accounts."""

import logging
from typing import Any

import pytest

from bokeh_auth.audit import DONE, REFUSED, Audit
from bokeh_auth.credentials import new_secret
from bokeh_auth.domain import Domain
from bokeh_common.errors import Unavailable


def actions(domain: Domain, user: str = "ada") -> list[str]:
    return [entry["action"] for entry in domain.audit.page(user, "", 1000)]


def test_newest_first_and_by_account(domain: Domain, clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "bokeh_cloud.audit"):
        domain.audit.note("keys.make", "ada", "10.0.0.1", DONE, key="k1")
        clock.turn(seconds=1)
        domain.audit.note("keys.revoke", "ada", "10.0.0.2", REFUSED, key="k1")
    newest, oldest = domain.audit.page("ada", "", 10)
    assert newest.pop("id") < oldest.pop("id")
    assert newest == {
        "time": "2026-11-24T12:30:01Z", "action": "keys.revoke", "user": "ada", "origin": "10.0.0.2",
        "outcome": "refused", "key": "k1",
    }  # fmt: skip
    assert domain.audit.page("bob", "", 10) == []
    assert len(caplog.messages) == 2


def test_pages_follow_each_other(domain: Domain, clock: Any) -> None:
    for i in range(5):
        domain.audit.note(str(i), "ada", "", DONE)
        clock.turn(microseconds=1)
    first = domain.audit.page("ada", "", 3)
    second = domain.audit.page("ada", first[-1]["id"], 3)
    assert [entry["action"] for entry in first + second] == ["4", "3", "2", "1", "0"]


def test_what_strangers_did_is_a_line_only(domain: Domain) -> None:
    domain.audit.say("login", "ada", "10.0.0.1", REFUSED)
    assert actions(domain) == []


def test_the_newest_are_kept(domain: Domain, clock: Any) -> None:
    audit = Audit(domain.records, clock, chance=lambda rounds: 0)
    for i in range(1003):
        Audit(domain.records, clock, chance=lambda rounds: 1).note(str(i), "ada", "", DONE)
        clock.turn(microseconds=1)
    domain.audit.note("other", "bob", "", DONE)
    audit.note("last", "ada", "", DONE)
    kept = actions(domain)
    assert (len(kept), kept[0], kept[-1]) == (1000, "last", "4")
    assert audit.cut("ada", 0) == 1000
    assert (actions(domain), actions(domain, "bob")) == ([], ["other"])


def test_an_act_is_not_undone_by_its_entry(
    domain: Domain, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def down(*args: Any) -> None:
        raise Unavailable("down")

    monkeypatch.setattr(domain.records, "add_entry", down)
    with caplog.at_level(logging.INFO):
        domain.audit.note("keys.make", "ada", "", DONE)
    assert '"keys.make"' in caplog.messages[0]
    assert "could not be kept" in caplog.messages[1]


def test_a_key_that_is_sent_in_the_place_of_its_id_is_not_kept(
    domain: Domain, caplog: pytest.LogCaptureFixture
) -> None:
    secret = new_secret("bkp_")
    with caplog.at_level(logging.INFO, "bokeh_cloud.audit"):
        for fact in (secret, f"x{secret}y", "bkv_abc.def", "k" * 81):
            domain.audit.note("keys.revoke", "ada", "", REFUSED, key=fact)
    entries = domain.audit.page("ada", "", 10)
    assert {entry["key"] for entry in entries} == {"(not an id)"}
    assert secret not in caplog.text
