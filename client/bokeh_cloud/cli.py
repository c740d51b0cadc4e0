"""The command `bokeh-cloud`; the server's distributions add their commands through an entry point group."""

import json
from importlib.metadata import EntryPoint, entry_points
from typing import NoReturn

import click

from . import __version__
from .errors import CloudError
from .plot import Plot
from .server import Server

COMMANDS = "bokeh_cloud.commands"


class _ExtensibleGroup(click.Group):
    """A group with the commands of other distributions, which are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *entry_points(group=COMMANDS).names})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        found = [*entry_points(group=COMMANDS, name=cmd_name)]
        return _loaded(found[0]) if found else None

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except CloudError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_ExtensibleGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bokeh-cloud")
def main() -> None:
    """Publish Bokeh plots, and look after the cloud that shows them."""


@main.command()
@click.option("--url", help="The server; default: BOKEH_CLOUD_URL, else http://localhost:5006.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def plots(url: str | None, as_json: bool) -> None:
    """List your plots."""
    found = Server(url).plots()
    if as_json:
        click.echo(json.dumps([_described(plot) for plot in found], indent=2, ensure_ascii=False))
    elif found:
        click.echo(_table([("NAME", "VERSION", "VISIBILITY", "MODIFIED", "URL"), *map(_row, found)]))
    else:
        click.echo("No plots yet.")


def _described(plot: Plot) -> dict[str, str | int]:
    return {
        "id": plot.id,
        "name": plot.name,
        "title": plot.title,
        "version": plot.version,
        "visibility": plot.visibility,
        "url": plot.url,
        "embed_url": plot.embed_url,
        "created": plot.created.isoformat(),
        "modified": plot.modified.isoformat(),
    }


def _row(plot: Plot) -> tuple[str, ...]:
    modified = plot.modified.astimezone().strftime("%Y-%m-%d %H:%M")
    return plot.name, str(plot.version), plot.visibility, modified, plot.url


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


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
