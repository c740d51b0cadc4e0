"""The guide: every example runs unchanged, and the list of commands is that of `--help`.

The `python` blocks of a page are one program, those with `file=` are files beside it, and bash runs the lines
of `console` blocks after it. `UPDATE_DOCS=1` updates `commands.md`.
"""

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest

from bokeh_cloud import cli
from bokeh_cloud.config.general import General
from bokeh_cloud.server_commands import ENTRY_POINT_GROUP, SERVER_COMMANDS
from tests import ROOT
from tests.support.users import RunningCloud

DOCS = ROOT / "client" / "docs"
README = DOCS.parents[1] / "README.md"
BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = sorted(
    path for path in DOCS.glob("*.md") if BLOCK.search(path.read_text()) and path.stem != "commands"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_example_runs_unchanged(
    page: Path, accounts: RunningCloud, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOKEH_CLOUD_URL", accounts.url)
    monkeypatch.setenv("BOKEH_CLOUD_API_KEY", key)
    monkeypatch.setenv("BOKEH_CLOUD_BROWSER", "no")
    program = os.environ.get("SERVER_PROGRAM") if page.stem == "self-host" else None
    monkeypatch.setenv("PATH", f"{Path(program or sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    program, commands = "", ""
    for language, file, text in BLOCK.findall(page.read_text()):
        if file:
            (tmp_path / file).write_text(text)
        elif language == "python":
            program += text + "\n"
        elif language == "console":
            commands += re.sub(r"^\$ ", "", text, flags=re.MULTILINE)
    (tmp_path / "example.py").write_text(program)
    for command in ([sys.executable, "-W", "ignore", "example.py"], ["bash", "-euc", commands]):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr


def test_the_examples_of_the_readme_run(
    accounts: RunningCloud, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the URL of the server and the key are replaced."""
    monkeypatch.setenv("BOKEH_CLOUD_URL", accounts.url)
    monkeypatch.setenv("BOKEH_CLOUD_API_KEY", key)
    blocks = [text for language, _, text in BLOCK.findall(README.read_text()) if language == "python"]
    assert len(blocks) >= 3
    program = re.sub(r"http://localhost:\d+", accounts.url, "\n".join(blocks)).replace("bkp_...", key)
    (tmp_path / "example.py").write_text(program)
    command = [sys.executable, "-W", "ignore", "example.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(f"{accounts.url}/plots/") == len(blocks) - 1


def test_the_guide_lists_all_its_pages() -> None:
    linked = set(re.findall(r"\]\((\S+\.md)\)", (DOCS / "README.md").read_text()))
    assert linked == {path.name for path in DOCS.glob("*.md")} - {"README.md"}


def test_every_setting_is_in_the_guide() -> None:
    text = (DOCS / "configuration.md").read_text()
    for name in General.__slots__:
        assert f"| `{name}` | `BOKEH_CLOUD_{name.upper()}` |" in text


def test_the_list_of_commands_is_current() -> None:
    # In a new process: a command that was run before, without its group, keeps its own option --help.
    program = [sys.executable, "-m", "tests.client.command_pages"]
    text = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    if os.environ.get("UPDATE_DOCS"):
        (DOCS / "commands.md").write_text(text)
    page = (DOCS / "commands.md").read_text()
    if entry_points(group=ENTRY_POINT_GROUP, name="serve"):
        assert page == text, "run UPDATE_DOCS=1 pytest tests/client/test_guide.py"
    else:  # without the server, only the client's own commands are known
        assert client_sections(text) == client_sections(page)


def client_sections(page: str) -> list[str]:
    """Return the sections of the list of commands that are not about commands of the server."""
    others = tuple(f"bokeh-cloud {name}" for name in SERVER_COMMANDS)
    return [section for section in page.split("\n## ") if not section.startswith(others)]


def test_lists_of_commands_show_whole_sentences() -> None:
    groups: list[tuple[click.Group, click.Context]] = [
        (cli.main, click.Context(cli.main, info_name="bokeh-cloud", terminal_width=80))
    ]
    for group, context in groups:  # groups are added in the loop
        assert "..." not in group.get_help(context).partition("Commands:")[2]
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                groups.append((command, click.Context(command, context, info_name=name, terminal_width=80)))
    assert {group.name for group, _ in groups} >= {"data", "gc", "keys", "servers"}
