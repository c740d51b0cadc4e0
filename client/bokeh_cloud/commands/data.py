"""`data`: data sources, their versions, and files of tables."""

from dataclasses import asdict

import click

from ..server import connect
from . import options
from .getting import get
from .printing import echo_fields, echo_list
from .putting import described, put


@click.group()
def data() -> None:
    """Look after data sources; NAME is a source's name or id."""


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
            "bytes": sum(column.size for column in source.columns().values()),
            "id": source.source_id,
        }
        for source in connect(url).data()
    ]
    names = ("name", "version", "live", "columns", "bytes", "id")
    echo_list(found, as_json, names, "No data sources yet.")


@data.command()
@click.argument("name")
@options.url
@options.as_json
def columns(name: str, url: str | None, as_json: bool) -> None:
    """List the columns of the source NAME."""
    found = [
        {
            "column": column,
            "dtype": stored.dtype,
            "length": stored.length,
            "bytes": stored.size,
            "hash": stored.hash,
        }
        for column, stored in connect(url).source(name).columns().items()
    ]
    echo_list(found, as_json, ("column", "dtype", "length", "bytes", "hash"), "No columns.")


@data.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Even where plots use it, which break.")
@options.url
@options.yes
def rm(name: str, force: bool, url: str | None, yes: bool) -> None:
    """Delete the source NAME, unless a plot uses it."""
    source = connect(url).source(name)
    if not yes:
        click.confirm(f"Delete {source.name} ({', '.join(source.column_names)})?", abort=True)
    source.delete(force=force)


@data.command()
@click.argument("name")
@options.url
@options.as_json
def versions(name: str, url: str | None, as_json: bool) -> None:
    """List the versions of the source NAME, oldest first."""
    found = [asdict(version) for version in connect(url).source(name).history()]
    echo_list(found, as_json, ("version", "modified", "rows", "size"), "No versions.")


@data.command()
@click.argument("name")
@click.argument("version", type=click.IntRange(min=1))
@options.url
@options.as_json
def rollback(name: str, version: int, url: str | None, as_json: bool) -> None:
    """Go back to a VERSION of the source NAME.

    This makes a new version with the columns that VERSION had.
    """
    echo_fields(described(connect(url).source(name).rollback(version)), as_json)


@data.command()
@click.argument("name")
@click.argument("columns", nargs=-1, required=True)
@options.url
@options.as_json
def drop(name: str, columns: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """Make a version of the source NAME without these COLUMNS."""
    source = connect(url).source(name)
    for column in columns:
        source.remove(column)
    echo_fields(described(source.commit()), as_json)


@data.command()
@click.argument("name")
@click.option("--versions", type=click.IntRange(min=1), help="The newest so many.", required=True)
@click.option("--days", type=click.FloatRange(min=0), help="None of them older than so many days.")
@options.url
def keep(name: str, versions: int, days: float | None, url: str | None) -> None:
    """Say which old versions of the source NAME are kept.

    Those that plots show are kept anyway.
    """
    connect(url).source(name).keep(versions, days)


@data.command()
@click.argument("name")
@click.argument("new")
@options.url
def rename(name: str, new: str, url: str | None) -> None:
    """Call the source NAME by a NEW name.

    Its id, and the plots that use it, stay.
    """
    connect(url).source(name).rename(new)
