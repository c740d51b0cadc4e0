"""`data list|columns|get|put|rm`: data sources, and files of tables."""

import sys
from pathlib import Path
from typing import Any

import click

from ..errors import NotFound
from ..server import Server, connect
from . import options
from .printing import echo_fields, echo_list


@click.group()
def data() -> None:
    """Look after data sources; NAME is a source's name or id."""


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
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--columns", metavar="A,B", help="Only these columns.")
@click.option("--rows", metavar="FROM:TO", help="Only these rows, counted from 0; either may be left out.")
@options.url
def get(name: str, file: Path, columns: str | None, rows: str | None, url: str | None) -> None:
    """Write the source NAME into FILE: .csv, .parquet, .arrow or .feather."""
    from ..files import write

    table = connect(url).source(name).to_arrow(columns.split(",") if columns else None)
    write(table[_slice(rows)] if rows else table, file)


@data.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--name", help="What to call it; default: FILE's own name.")
@click.option("--append", is_flag=True, help="Append the rows to the source of this name.")
@options.url
@options.as_json
@click.option("--quiet", "-q", is_flag=True, help="Print the id alone.")
def put(file: Path, name: str | None, append: bool, url: str | None, as_json: bool, quiet: bool) -> None:
    """Store the columns of FILE: .csv, .parquet, .arrow, .feather or .json (a line for each row).

    A live source of this name gets a new version, and every plot that uses it shows that.
    """
    from ..files import read

    source = _store(connect(url), name or file.stem, read(file), append)
    if quiet:
        click.echo(source.source_id)
    else:
        echo_fields({"name": source.name, "version": source.version, "id": source.source_id}, as_json)


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


def _store(server: Server, name: str, columns: dict[str, Any], append: bool) -> Any:
    try:
        source = server.source(name)
    except NotFound:
        if append:
            raise
        return server.DataSource(name, columns)
    if append:
        source.stream(columns)
        return source
    if not source.live:
        return server.DataSource(name, columns)
    return source.replace(columns)


def _slice(text: str) -> slice:
    first, _, last = text.partition(":")
    try:
        return slice(int(first) if first else 0, int(last) if last else sys.maxsize)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not FROM:TO, such as 0:100.", param_hint="--rows") from None
