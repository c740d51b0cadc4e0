"""Commands of operators on a storage that does not exist."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from bokeh_cloud_server.admin import admin

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


def test_help_needs_no_storage(tmp_path: Path) -> None:
    result = CliRunner().invoke(admin, ["--storage", f"local://{tmp_path / 'x'}", "users", "--help"])
    assert result.exit_code == 0, result.output
