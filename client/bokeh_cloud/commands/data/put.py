"""`data put`: stores files of tables as data sources."""

from pathlib import Path
from typing import Any

import click

from bokeh_cloud.commands import options
from bokeh_cloud.commands.output import echo_fields, echo_json
from bokeh_cloud.commands.terminal_text import printable, printable_line
from bokeh_cloud.data.sources import RemoteDataSource
from bokeh_cloud.server import connect

#: Values that a dry run prints of each column.
MAX_EXAMPLES = 5


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.argument("name", default="")
@click.option("--append", is_flag=True, help="Append the rows to the source of this name.")
@click.option("--rollover", type=click.IntRange(min=1), help="With --append: number of rows to keep.")
@click.option("--update", is_flag=True, help="Add or replace FILE's columns; keep the source's others.")
@click.option(
    "--type", "types", multiple=True, metavar="COLUMN=TYPE",
    help="Type of a column: text, integer, float, boolean, date, time or utc; can be repeated.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print what would be stored, and store nothing.")
@options.url
@options.as_json
@click.option("--quiet", "-q", is_flag=True, help="Print the id only.")
def put(
    file: Path, name: str, append: bool, rollover: int | None, update: bool, types: tuple[str, ...],
    dry_run: bool, url: str | None, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Store the columns of FILE as the source NAME.

    FILE is .csv, .tsv, .txt, .json, .jsonl, .ndjson, .parquet, .arrow, .feather, .xlsx, or one of these with
    .gz or .zst, or .npy or .npz. NAME is that of FILE by default. If there is a live source of this name,
    this makes a new version of it, which every plot that uses it shows.
    """
    if append and update:
        raise click.UsageError("--append adds rows, --update changes columns: choose one of them.")
    if rollover is not None and not append:
        raise click.UsageError("--rollover requires --append.")
    given = dict(_parse_type(text) for text in types)
    if dry_run:
        _print_preview(connect(url).preview(file, types=given), as_json)
        return
    source = connect(url).put(file, name, append=append, rollover=rollover, update=update, types=given)
    for note in source.notes:
        click.echo(printable(note), err=True)
    if quiet:
        click.echo(source.source_id)
    else:
        echo_fields(source_fields(source), as_json)


def _parse_type(text: str) -> tuple[str, str]:
    name, equals, kind = text.rpartition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} is not COLUMN=TYPE, such as zip=text.", param_hint="--type")
    return name, kind


def _print_preview(found: dict[str, Any], as_json: bool) -> None:
    for note in found["notes"]:
        click.echo(printable(note), err=True)
    examples = zip(*found["first"], strict=True) if found["first"] else ([] for _ in found["types"])
    columns = dict(zip(found["types"], examples, strict=True))
    if as_json:
        echo_json(found)
        return
    click.echo(f"{found['rows']} rows")
    for name, kind in found["types"].items():
        first = ", ".join("" if value is None else value for value in columns[name][:MAX_EXAMPLES])
        click.echo("\t".join(map(printable_line, (name, kind, first))).rstrip())


def source_fields(source: RemoteDataSource) -> dict[str, Any]:
    """Return the properties of a changed source that commands print."""
    return {"name": source.name, "version": source.version, "id": source.source_id}
