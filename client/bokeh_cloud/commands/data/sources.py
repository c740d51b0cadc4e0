"""`data`: data sources and their versions."""

from dataclasses import asdict

import click

from bokeh_cloud.commands import options
from bokeh_cloud.commands.data.get import get
from bokeh_cloud.commands.data.put import put, source_fields
from bokeh_cloud.commands.output import echo_fields, echo_list
from bokeh_cloud.commands.terminal_text import printable_line
from bokeh_cloud.server import connect


@click.group()
def data() -> None:
    """Manage data sources; NAME is a source's name or id."""


data.add_command(get)
data.add_command(put)


@data.command("list")
@options.url
@options.as_json
def list_(url: str | None, as_json: bool) -> None:
    """List the data sources."""
    found = [
        {
            "name": source.name,
            "version": source.version,
            "live": "yes" if source.live else "no",
            "columns": len(source.columns()),
            "bytes": sum(column.nbytes for column in source.columns().values()),
            "id": source.source_id,
        }
        for source in connect(url).data()
    ]
    names = ("name", "version", "live", "columns", "bytes", "id")
    echo_list(found, as_json, names, "No data sources yet.")


@data.command()
@options.source
@options.url
@options.as_json
def columns(name: str, url: str | None, as_json: bool) -> None:
    """List the columns of the source NAME."""
    found = [
        {
            "column": column_name,
            "dtype": column.dtype,
            "length": column.length,
            "bytes": column.nbytes,
            "hash": column.hash,
        }
        for column_name, column in connect(url).source(name).columns().items()
    ]
    echo_list(found, as_json, ("column", "dtype", "length", "bytes", "hash"), "No columns.")


@data.command()
@options.source
@click.option("--force", is_flag=True, help="Delete it even if plots use it, which breaks them.")
@options.url
@options.yes
def rm(name: str, force: bool, url: str | None, yes: bool) -> None:
    """Delete the source NAME, unless a plot uses it."""
    source = connect(url).source(name)
    if not yes:
        question = f"Delete {source.name} ({', '.join(source.column_names)})?"
        click.confirm(printable_line(question), abort=True)
    source.delete(force=force)


@data.command()
@options.source
@options.url
@options.as_json
def versions(name: str, url: str | None, as_json: bool) -> None:
    """List the versions of the source NAME, oldest first."""
    found = [asdict(version) for version in connect(url).source(name).history()]
    echo_list(found, as_json, ("version", "modified", "rows", "size"), "No versions.")


@data.command()
@options.source
@click.argument("version", type=click.IntRange(min=1))
@options.url
@options.as_json
def rollback(name: str, version: int, url: str | None, as_json: bool) -> None:
    """Go back to a VERSION of the source NAME.

    This creates a new version with the columns of VERSION.
    """
    echo_fields(source_fields(connect(url).source(name).rollback(version)), as_json)


@data.command()
@options.source
@click.argument("columns", nargs=-1, required=True)
@options.url
@options.as_json
def drop(name: str, columns: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """Create a version of the source NAME without these COLUMNS."""
    source = connect(url).source(name)
    for column in columns:
        source.remove(column)
    echo_fields(source_fields(source.commit()), as_json)


@data.command()
@options.source
@click.option("--versions", type=click.IntRange(min=1), help="How many of the newest.", required=True)
@click.option("--days", type=click.FloatRange(min=0), help="Maximum age of these, in days.")
@options.url
def keep(name: str, versions: int, days: float | None, url: str | None) -> None:
    """Set which old versions of the source NAME are kept.

    Versions that plots show are always kept.
    """
    connect(url).source(name).keep(versions, days)


@data.command()
@options.source
@click.argument("new_name", metavar="NEW")
@options.url
def rename(name: str, new_name: str, url: str | None) -> None:
    """Rename the source NAME to NEW.

    Its id does not change, and plots continue to use it.
    """
    connect(url).source(name).rename(new_name)
