"""The command `bokeh-cloud`. Other distributions, such as the server's, add commands by entry points."""

from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import NoReturn

import click

from bokeh_cloud import __version__
from bokeh_cloud.commands import COMMANDS
from bokeh_cloud.commands.terminal_text import printable
from bokeh_cloud.errors import CloudError, Incomplete, NotFound, NotPermitted, ServerUnreachable
from bokeh_cloud.server_commands import ENTRY_POINT_GROUP, SERVER_COMMANDS, missing_command

#: Exit codes of errors; the first class that an error is an instance of applies.
EXIT_CODES: tuple[tuple[type[CloudError], int], ...] = (
    (Incomplete, 6),
    (NotFound, 3),
    (NotPermitted, 4),
    (ServerUnreachable, 5),
    (CloudError, 1),
)

#: Commands by the names that other programs have for them.
OTHER_NAMES = {
    "delete": "rm", "remove": "rm", "list": "plots", "ls": "plots", "info": "show", "open": "show --open",
    "embed": "share", "link": "share", "upload": "publish", "push": "publish", "get": "data get",
    "download": "data get", "put": "data put", "sources": "data list", "signup": "register",
    "history": "versions", "revert": "rollback", "copy": "clone", "mv": "rename", "public": "visibility",
    "start": "serve",
}  # fmt: skip

EPILOG = """\b
Exit codes:
  0  success
  1  an error; the message explains it
  2  invalid arguments
  3  not found, or owned by another account
  4  the API key is missing, unknown, or lacks a scope
  5  the server cannot be reached, or is unavailable
  6  export or import left something out, which the message names"""


class _CommandError(click.ClickException):
    """A CloudError, with its exit code."""

    def __init__(self, error: CloudError):
        super().__init__(printable(str(error)))
        self.exit_code = next(code for kind, code in EXIT_CODES if isinstance(error, kind))  # type: ignore[misc]  # click documents setting it so


class _LazyGroup(click.Group):
    """A group that imports its commands, and those of other distributions, when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted({*COMMANDS, *entry_points(group=ENTRY_POINT_GROUP).names})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if location := COMMANDS.get(cmd_name):
            module, attribute = location
            command: click.Command = getattr(import_module(f"bokeh_cloud.commands.{module}"), attribute)
            return command
        found = [*entry_points(group=ENTRY_POINT_GROUP, name=cmd_name)]
        if not found and cmd_name in SERVER_COMMANDS:
            return _broken_command(cmd_name, missing_command(cmd_name))
        return _load(found[0]) if found else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; the error about an unknown one names those that may be meant."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and self.get_command(ctx, name) is None:
            similar = [OTHER_NAMES[name]] if name in OTHER_NAMES else []
            similar = similar or get_close_matches(name, self.list_commands(ctx), n=3)
            hint = f" Did you mean {' or '.join(similar)}?" if similar else ""
            raise click.UsageError(f"There is no command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except CloudError as error:
            raise _CommandError(error) from error


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(__version__, prog_name="bokeh-cloud")
def main() -> None:
    """Publish Bokeh plots, and manage the cloud that shows them."""


def _load(entry: EntryPoint) -> click.Command:
    """Return the command of an entry point, or one that reports that it cannot be loaded."""
    try:
        command = entry.load()
    except Exception as error:  # noqa: BLE001 - a broken distribution must not break the other commands
        return _broken_command(entry.name, _not_loaded(entry, f"{type(error).__name__}: {error}"))
    if not isinstance(command, click.Command):
        return _broken_command(entry.name, _not_loaded(entry, f"{entry.value} is not a command"))
    return command


def _not_loaded(entry: EntryPoint, reason: str) -> str:
    return f"the command `{entry.name}` cannot be loaded ({' '.join(reason.split())})"


def _broken_command(name: str, message: str) -> click.Command:
    """Return a command that fails with a message, whatever its arguments."""

    def fail(*_: object, **__: object) -> NoReturn:
        raise click.ClickException(message)

    settings = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(
        name, callback=fail, short_help=f"({message})", add_help_option=False, context_settings=settings
    )
