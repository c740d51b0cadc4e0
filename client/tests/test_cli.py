import json
from importlib.metadata import EntryPoint, EntryPoints

import click
import pytest
from bokeh.plotting import figure
from click.testing import CliRunner, Result

from bokeh_cloud import Server, __version__, cli
from bokeh_cloud.server_commands import ENTRY_POINT_GROUP, SERVER_COMMANDS

from .inmemory import InMemoryCloud, listening


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments)


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    found = EntryPoints(
        [
            EntryPoint("hello", f"{__name__}:hello", ENTRY_POINT_GROUP),
            EntryPoint("gone", "no_such_module:command", ENTRY_POINT_GROUP),
            EntryPoint("odd", "json:dumps", ENTRY_POINT_GROUP),
        ]
    )
    monkeypatch.setattr(cli, "entry_points", found.select)


@click.command()
def hello() -> None:
    """Greet."""
    click.echo("hello")


def test_version() -> None:
    assert run("--version").output == f"bokeh-cloud, version {__version__}\n"


def test_plots_as_a_table(server: Server) -> None:
    plot = server.publish(figure(), "sine")
    header, line = run("plots", "--url", server.url).output.splitlines()
    assert header.split() == ["NAME", "VERSION", "VISIBILITY", "MODIFIED", "URL"]
    assert line.split()[:3] == ["sine", "1", "private"]
    assert line.endswith(plot.url)
    assert header.index("URL") == line.index(plot.url)


def test_plots_as_json(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOKEH_CLOUD_URL", server.url)
    assert json.loads(run("plots", "--json").output) == []
    plot = server.publish(figure(), "Übersicht")
    (listed,) = json.loads(run("plots", "--json").output)
    assert (listed["name"], listed["url"], listed["version"]) == ("Übersicht", plot.url, 1)


def test_no_plots(cloud: InMemoryCloud) -> None:
    assert run("plots", "--url", cloud.url).output == "No plots yet.\n"


def test_errors_are_one_line() -> None:
    result = run("plots", "--url", "nonsense://x")
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "Error: 'nonsense://x' is not the URL of a server, such as https://plots.example.org."
    ]


@pytest.mark.usefixtures("plugins")
def test_commands_of_other_distributions() -> None:
    assert run("hello").output == "hello\n"
    assert run("no-such-command").exit_code == 2


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("name", ["gone", "odd"])
def test_a_broken_plugin_reports_one_line(name: str) -> None:
    for arguments in ([name], [name, "--help"], [name, "--port", "1", "x"]):
        result = run(*arguments)
        assert result.exit_code == 1
        (line,) = result.output.splitlines()
        assert line.startswith(f"Error: the command `{name}` cannot be loaded")


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("name", SERVER_COMMANDS)
def test_a_client_without_the_server_says_how_to_get_one(name: str) -> None:
    result = run(name, "--port", "1")
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: `bokeh-cloud {name}` comes with the server")
    assert "make run" in result.output


@pytest.mark.usefixtures("plugins")
def test_the_help_works_with_a_broken_plugin() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert all(name in result.output for name in ("plots", "hello", "gone", "odd"))


@pytest.mark.parametrize(
    ("command", "meant"), [("list", "plots"), ("delete", "rm"), ("embed", "share"), ("publsh", "publish")]
)
def test_an_unknown_command_gets_a_suggestion(command: str, meant: str) -> None:
    found = run(command, "x")
    assert found.exit_code == 2
    assert f"There is no command '{command}'. Did you mean {meant}?" in found.output


def test_messages_of_commands_name_their_options() -> None:
    found = run("plots", "--url", "http://localhost:1")
    assert found.exit_code == 5
    assert "BOKEH_CLOUD_URL or --url;" in found.output


def test_a_login_without_a_terminal_says_what_was_expected_there() -> None:
    with listening(InMemoryCloud(apikey="bkp_right")) as url:
        found = run("login", url)
    assert found.exit_code == 4
    assert "Standard input is no terminal" in found.output
    assert f"`bokeh-cloud login {url} < key.txt`" in found.output
