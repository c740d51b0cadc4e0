"""`data put`: files of tables become data sources."""

from pathlib import Path
from typing import Any

import click

from ..server import connect
from ..sources import RemoteDataSource
from . import options
from .printing import echo_fields


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.argument("name", default="")
@click.option("--append", is_flag=True, help="Append the rows to the source of this name.")
@click.option("--rollover", type=click.IntRange(min=1), help="With --append: keep the last so many rows.")
@click.option("--update", is_flag=True, help="Add or replace FILE's columns; leave the source's others.")
@options.url
@options.as_json
@click.option("--quiet", "-q", is_flag=True, help="Print the id alone.")
def put(
    file: Path, name: str, append: bool, rollover: int | None, update: bool, url: str | None,
    as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Store the columns of FILE as the source NAME.

    FILE is .csv, .parquet, .arrow, .feather, .npy, .npz or .json (a line for each row). Without NAME, the
    source is called as the file. A live source of this name gets a new version, and every plot that uses it
    shows that.
    """
    if append and update:
        raise click.UsageError("--append adds rows, --update columns: choose one.")
    if rollover is not None and not append:
        raise click.UsageError("--rollover goes with --append.")
    source = connect(url).put(file, name, append=append, rollover=rollover, update=update)
    if quiet:
        click.echo(source.source_id)
    else:
        echo_fields(described(source), as_json)


def described(source: RemoteDataSource) -> dict[str, Any]:
    """Return what a program may want to know of a source that was changed."""
    return {"name": source.name, "version": source.version, "id": source.source_id}
