"""The operator's commands."""

import json
import re

import pytest
from click.testing import CliRunner

from bokeh_auth.cli import admin
from bokeh_auth.domain import Domain
from bokeh_auth.records import Records
from bokeh_auth.scopes import PUBLISHING, SCOPES, SERVICE_SCOPES
from bokeh_auth.settings import Settings
from bokeh_common.storage import open_records


def run(storage: str, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(admin, ["--storage", storage, *words])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def now(storage: str) -> Domain:
    return Domain.on(Records(open_records(storage, "auth")))


def test_users(storage: str, now: Domain) -> None:
    assert "ada@example.com" in run(storage, "users", "create", "ada", "Ada@example.com")
    assert "taken" in run(storage, "users", "create", "ada", "eve@example.com", code=1)
    assert "disabled" in run(storage, "users", "disable", "ada")
    assert json.loads(run(storage, "users", "list", "--json"))["disabled"] is True
    assert now.accounts.find_active("ada") is None
    run(storage, "users", "enable", "ada")
    assert run(storage, "users", "list").startswith("ada  ada@example.com  ")
    assert "no account" in run(storage, "users", "disable", "nobody", code=1)


def test_keys(storage: str, now: Domain) -> None:
    now.accounts.create("ada@example.com", "ada")
    key, secret = now.keys.make("ada", "laptop", PUBLISHING, None, frozenset(SCOPES))
    now.keys.make("ada", "other", PUBLISHING, None, frozenset(SCOPES))
    session = now.sessions.start(now.accounts.get("ada"), "Firefox")
    assert f"{key.id}  " in run(storage, "keys", "list", "ada")
    run(storage, "keys", "revoke", "ada", key.id)
    assert now.vault.open(secret) is None
    run(storage, "keys", "revoke", "ada", code=2)
    assert "Revoked: 2" in run(storage, "keys", "revoke", "ada", "--all")
    assert now.vault.open(session) is None


def test_login_link(storage: str, now: Domain) -> None:
    now.accounts.create("ada@example.com", "ada")
    link = run(storage, "login-link", "ada", "--url", "https://cloud.example.org/").strip()
    assert link.startswith("https://cloud.example.org/login/bko_")
    used = now.links.use(link.rpartition("/")[2])
    assert used is not None
    assert used.username == "ada"


def test_service_tokens_are_settings(storage: str) -> None:
    [line, *_] = re.findall(r"BOKEH_CLOUD_SERVICE_TOKENS=(.*)", run(storage, "service-tokens"))
    settings = Settings.from_env({"BOKEH_CLOUD_STORAGE": storage, "BOKEH_CLOUD_SERVICE_TOKENS": line})
    assert settings.services.keys() == SERVICE_SCOPES.keys()


def test_a_storage_that_cannot_be(storage: str) -> None:
    assert "must begin with" in run("nonsense", "users", "list", code=1)


def test_quota(storage: str, now: Domain) -> None:
    now.accounts.create("ada@example.com", "ada")
    assert run(storage, "users", "quota", "ada") == "ada  bytes: default  plots: default\n"
    assert "bytes: 1000  plots: 0" in run(storage, "users", "quota", "ada", "--bytes", "1000", "--plots", "0")
    assert now.accounts.get("ada").quota({}) == {"bytes": 1000, "plots": 0}
    assert "bytes: default  plots: 0" in run(storage, "users", "quota", "ada", "--bytes", "default")
    for wrong in ("1 GB", "-1", "x"):
        assert "whole number" in run(storage, "users", "quota", "ada", f"--bytes={wrong}", code=2)
    assert "no account" in run(storage, "users", "quota", "nobody", "--plots", "1", code=1)


def test_what_the_operator_does_is_in_the_log_of_the_account(storage: str, now: Domain) -> None:
    run(storage, "users", "create", "ada", "ada@example.com")
    run(storage, "users", "disable", "ada")
    run(storage, "users", "enable", "ada")
    run(storage, "users", "quota", "ada", "--plots", "1")
    link = run(storage, "login-link", "ada").strip()
    run(storage, "keys", "revoke", "ada", "--all")
    entries = now.audit.page("ada", "", 10)
    assert {entry["by"] for entry in entries} == {"operator"}
    assert [entry["action"] for entry in reversed(entries)] == [
        "account.create", "account.disable", "account.enable", "account.quota", "login.link", "keys.revoke",
    ]  # fmt: skip
    assert link.rpartition("/")[2] not in str(entries)
    assert now.links.look(link.rpartition("/")[2]) is not None
    assert now.accounts.get("ada").epoch == 1  # so the link opens nothing any more
