"""Commands of operators on a storage that does not exist."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bokeh_auth.container import AccountDomain
from bokeh_cloud_server.admin import admin
from bokeh_common.storage import open_blobs, open_records

COMMANDS = (
    "fsck",
    "fsck --repair",
    "users list",
    "users create ada@example.org ada",
    "users quota ada",
    "users delete ada --yes",
    "users export ada -",
    "keys list ada",
    "login-link ada",
    "secrets rotate",
    "bokehjs list",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_storage_that_is_not_there_is_refused_and_not_made(command: str, tmp_path: Path) -> None:
    folder = tmp_path / "misspelled"
    result = CliRunner().invoke(admin, ["--storage", f"local://{folder}", *command.split()])
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: There is no cloud in the storage local://{folder}: ")
    assert not folder.exists()


def test_accounts_are_listed_with_what_they_store(tmp_path: Path) -> None:
    storage = f"local://{tmp_path}"
    AccountDomain.on_storage(open_records(storage, "auth")).accounts.create("ada@example.org", "ada")
    open_blobs(storage, "plots").put("scenes/ada/x", [b"12345"])
    open_blobs(storage, "data").put("columns/ada/x", [b"123"])
    command = ["--storage", storage, "users", "list"]
    assert CliRunner().invoke(admin, command).output.endswith("  plots: 0  bytes: 8\n")
    [line] = CliRunner().invoke(admin, [*command, "--json"]).output.splitlines()
    assert (json.loads(line)["bytes"], json.loads(line)["user_id"]) == (8, "ada")
    assert "bytes" not in CliRunner().invoke(admin, [*command, "--no-usage"]).output


def test_help_needs_no_storage(tmp_path: Path) -> None:
    result = CliRunner().invoke(admin, ["--storage", f"local://{tmp_path / 'x'}", "users", "--help"])
    assert result.exit_code == 0, result.output
