"""What the README says of keys is what there is."""

from pathlib import Path

from bokeh_auth.credentials import PATTERN
from bokeh_auth.scopes import SCOPES

README = (Path(__file__).parents[3] / "README.md").read_text()


def test_scopes() -> None:
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{scope}` | {allows} |" for scope, allows in SCOPES.items()]


def test_pattern_for_secret_scanners() -> None:
    assert f"`{PATTERN}`" in README
