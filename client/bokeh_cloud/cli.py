"""The command `bokeh-cloud`; the server's distributions add their commands through an entry point group."""

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import NoReturn

import click

from . import __version__
from .commands import TABLE
from .errors import CloudError, NotFound, NotPermitted, ServerUnreachable

COMMANDS = "bokeh_cloud.commands"

#: What the command ends with; the first class that an error is of decides.
EXIT_CODES: tuple[tuple[type[CloudError], int], ...] = (
    (NotFound, 3),
    (NotPermitted, 4),
    (ServerUnreachable, 5),
    (CloudError, 1),
)

EPILOG = """\b
Exit codes:
  0  done
  1  it could not be done; the message says why
  2  the command was called wrongly
  3  there is no such thing, or it is not yours
  4  the API key is missing, unknown, or may not do this
  5  the server cannot be reached, or cannot answer now"""


class _Failure(click.ClickException):
    """An error of ours, with its exit code."""

    def __init__(self, error: CloudError):
        super().__init__(str(error))
        self.exit_code = next(code for kind, code in EXIT_CODES if isinstance(error, kind))  # type: ignore[misc]  # click documents setting it so


class _Group(click.Group):
    """A group whose commands, and those of other distributions, are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted({*TABLE, *entry_points(group=COMMANDS).names})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if place := TABLE.get(cmd_name):
            command: click.Command = getattr(import_module(f"bokeh_cloud.commands.{place[0]}"), place[1])
            return command
        found = [*entry_points(group=COMMANDS, name=cmd_name)]
        return _loaded(found[0]) if found else None

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except CloudError as error:
            raise _Failure(error) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(__version__, prog_name="bokeh-cloud")
def main() -> None:
    """Publish Bokeh plots, and look after the cloud that shows them."""


def _loaded(entry: EntryPoint) -> click.Command:
    """Return the command of an entry point, or one that says why there is none."""
    try:
        command = entry.load()
    except Exception as error:  # noqa: BLE001 - somebody else's code may fail in any way, and must not take `plots` with it
        return _broken(entry.name, f"{type(error).__name__}: {error}")
    return (
        command
        if isinstance(command, click.Command)
        else _broken(entry.name, f"{entry.value} is not a command")
    )


def _broken(name: str, reason: str) -> click.Command:
    message = f"the command `{name}` cannot be loaded ({' '.join(reason.split())})"

    def fail(*_: object, **__: object) -> NoReturn:
        raise click.ClickException(message)

    settings = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(
        name, callback=fail, short_help=f"({message})", add_help_option=False, context_settings=settings
    )
