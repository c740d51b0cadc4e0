"""What the operators' page says of keys is what there is."""

from pathlib import Path

from bokeh_auth.credentials import PATTERN
from bokeh_auth.scopes import SCOPES

PAGE = (Path(__file__).parents[3] / "deploy" / "accounts.md").read_text()


def test_scopes() -> None:
    table = PAGE.partition("| scope | allows one to |\n|---|---|\n")[2].partition("\n\n")[0]
    assert table.splitlines() == [f"| `{scope}` | {allows} |" for scope, allows in SCOPES.items()]


def test_pattern_for_secret_scanners() -> None:
    assert f"`{PATTERN}`" in PAGE
