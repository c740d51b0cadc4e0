"""The page for operators describes scopes and secrets correctly."""

from pathlib import Path

from bokeh_auth.credentials.scopes import SCOPES
from bokeh_auth.credentials.secret import PATTERN

PAGE = (Path(__file__).parents[3] / "deploy" / "accounts.md").read_text()


def test_all_scopes_are_listed() -> None:
    table = PAGE.partition("| scope | allows one to |\n|---|---|\n")[2].partition("\n\n")[0]
    assert table.splitlines() == [f"| `{scope}` | {allows} |" for scope, allows in SCOPES.items()]


def test_the_pattern_for_secret_scanners_is_given() -> None:
    assert f"`{PATTERN}`" in PAGE
