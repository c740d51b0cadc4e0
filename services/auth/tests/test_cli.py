"""The commands `bokeh-cloud admin` for accounts."""

import json
import re

import pytest
from click.testing import CliRunner

from bokeh_auth.cli import admin
from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.scopes import PUBLISHING, SCOPES, SERVICE_SCOPES
from bokeh_auth.credentials.signing_keys import SigningKeys
from bokeh_auth.settings import Settings
from bokeh_common.storage import open_records


def run(storage: str, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(admin, ["--storage", storage, *words])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def now(storage: str) -> AccountDomain:
    return AccountDomain.on_storage(open_records(storage, "auth"))


def test_users_are_created_listed_and_disabled(storage: str, now: AccountDomain) -> None:
    assert "ada@example.com" in run(storage, "users", "create", "Ada@example.com", "ada")
    assert "taken" in run(storage, "users", "create", "eve@example.com", "ada", code=1)
    assert "disabled" in run(storage, "users", "disable", "ada")
    assert json.loads(run(storage, "users", "list", "--json"))["disabled"] is True
    assert now.accounts.find_active("ada") is None
    run(storage, "users", "enable", "ada")
    assert run(storage, "users", "list").startswith("ada  ada@example.com  ")
    assert "no account" in run(storage, "users", "disable", "unknown", code=1)


def test_keys_are_listed_and_revoked(storage: str, now: AccountDomain) -> None:
    now.accounts.create("ada@example.com", "ada")
    key, secret = now.keys.create("ada", "laptop", PUBLISHING, None, frozenset(SCOPES))
    now.keys.create("ada", "other", PUBLISHING, None, frozenset(SCOPES))
    session = now.sessions.start(now.accounts.get("ada"), "Firefox")
    assert f"{key.id}  " in run(storage, "keys", "list", "ada")
    run(storage, "keys", "revoke", "ada", key.id)
    assert now.credentials.verify(secret) is None
    run(storage, "keys", "revoke", "ada", code=2)
    assert "Revoked: 2" in run(storage, "keys", "revoke", "ada", "--all")
    assert now.credentials.verify(session) is None


def test_a_login_link_is_printed(storage: str, now: AccountDomain) -> None:
    now.accounts.create("ada@example.com", "ada")
    link = run(storage, "login-link", "ada", "--url", "https://cloud.example.org/").strip()
    assert link.startswith("https://cloud.example.org/login/bko_")
    used = now.links.redeem(link.rpartition("/")[2])
    assert used is not None
    assert used.username == "ada"


def test_a_login_link_has_the_address_of_the_last_start(storage: str, now: AccountDomain) -> None:
    now.accounts.create("ada@example.com", "ada")
    assert run(storage, "login-link", "ada").startswith("http://localhost:5006/login/")
    now.repository.set_public_url("https://plots.example.org")
    assert run(storage, "login-link", "ada").startswith("https://plots.example.org/login/")


def test_service_tokens_are_printed_as_settings(storage: str) -> None:
    [line, *_] = re.findall(r"BOKEH_CLOUD_SERVICE_TOKENS=(.*)", run(storage, "service-tokens"))
    settings = Settings.from_env({"BOKEH_CLOUD_STORAGE": storage, "BOKEH_CLOUD_SERVICE_TOKENS": line})
    assert set(settings.services.values()) == SERVICE_SCOPES.keys()


def test_the_signing_key_is_rotated(storage: str, now: AccountDomain) -> None:
    [old] = now.signing_keys.accepted()
    assert "The old one is accepted until 2" in run(storage, "secrets", "rotate")
    assert len(SigningKeys(now.repository).accepted()) == 2
    assert "reload open pages" in run(storage, "secrets", "rotate", "--at-once")
    [new] = SigningKeys(now.repository).accepted()
    assert new != old


def test_an_invalid_storage_url_is_an_error(storage: str) -> None:
    assert "must begin with" in run("nonsense", "users", "list", code=1)


def test_the_quota_is_set(storage: str, now: AccountDomain) -> None:
    now.accounts.create("ada@example.com", "ada")
    assert run(storage, "users", "quota", "ada") == "ada  bytes: default  plots: default\n"
    assert "bytes: 1000  plots: 0" in run(storage, "users", "quota", "ada", "--bytes", "1000", "--plots", "0")
    assert now.accounts.get("ada").quota({}) == {"bytes": 1000, "plots": 0}
    assert "bytes: default  plots: 0" in run(storage, "users", "quota", "ada", "--bytes", "default")
    assert "an integer nor" in run(storage, "users", "quota", "ada", "--plots", "1MB", code=2)
    for size, number in (("10MB", 10_000_000), ("1.5 GiB", 3 << 29), ("2kb", 2000)):
        assert f"bytes: {number}  " in run(storage, "users", "quota", "ada", "--bytes", size)
    for wrong in ("1 XB", "MB", "-1", "x"):
        assert "an integer" in run(storage, "users", "quota", "ada", f"--bytes={wrong}", code=2)
    assert "no account" in run(storage, "users", "quota", "unknown", "--plots", "1", code=1)


def test_commands_are_recorded_in_the_audit_log(storage: str, now: AccountDomain) -> None:
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
    assert now.links.peek(link.rpartition("/")[2]) is not None
    assert now.accounts.get("ada").epoch == 1  # so the link is not valid any more
