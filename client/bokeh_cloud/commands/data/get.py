"""`data get`: writes a data source, or a part of it, into a file or to the standard output."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click

from bokeh_cloud.atomic_files import explain_write_errors, replace_file, write_response
from bokeh_cloud.commands import options
from bokeh_cloud.data.column_names import split_names
from bokeh_cloud.data.frames import read_arrow_stream
from bokeh_cloud.data.reading import count_rows
from bokeh_cloud.data.row_requests import (
    METHODS,
    Parameters,
    parse_row_range,
    rows_parameters,
    window_parameters,
)
from bokeh_cloud.data.sources import RemoteDataSource
from bokeh_cloud.data.table_files import WRITABLE_FORMATS, write_table
from bokeh_cloud.errors import CloudError, NotFound
from bokeh_cloud.server import Server, connect

#: The format that the client writes itself. All others are those of the server, which knows which it has.
FEATHER = "feather"
DEFAULT_FORMAT = "csv"
TEXT_TYPES = ("text/", "application/json")  # prefixes of media types
STANDARD_OUTPUT = Path("-")
ROW_OPTIONS = ("columns", "rows", "where", "limit")
WINDOW_OPTIONS = ("x", "start", "end", "pixels", "method", "around")


@click.command()
@options.source
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default="-")
@click.option(
    "--format", "form", metavar="FORMAT", help="A suffix without its dot; default: that of FILE, or csv."
)
@click.option(
    "--columns",
    metavar="A,B",
    help="Only these columns. A name with a comma is in double quotes: '\"a, b\",c'.",
)
@click.option(
    "--rows",
    metavar="FROM:TO",
    help="Only these rows; numbers start at 0, negative ones count from the end. FROM:TO:STEP has a step.",
)
@click.option(
    "--where", multiple=True, metavar="CONDITION",
    help="Only rows for which it is true: y >= 2, name in (a, b), y between 1 and 2, y is null, "
    "name like 'a%', with and, or, not and parentheses as in SQL. With several conditions, all must be true.",
)  # fmt: skip
@click.option("--limit", type=click.IntRange(min=0), help="Maximum number of rows.")
@click.option(
    "--x", metavar="COLUMN", help="Ascending column of the x axis of a window; default: the row number."
)
@click.option("--y", metavar="A,B", help="Columns of a window: the rows that a plot can show of them.")
@click.option("--from", "start", metavar="X", help="Start of the window: a number, or a time (ISO 8601).")
@click.option("--to", "end", metavar="X", help="End of the window.")
@click.option("--pixels", type=click.IntRange(1, 16_384), help="Width of the plot; default: 1000.")
@click.option("--method", type=click.Choice(METHODS), help="How rows are chosen; default: minmax.")
@click.option("--around", is_flag=True, help="Include the rows before and after the window.")
@click.option("--version", type=click.IntRange(min=1), help="Version of the source; default: the newest.")
@options.url
def get(name: str, file: Path, form: str | None, version: int | None, url: str | None, **how: Any) -> None:
    """Write the source or plot NAME, or a part of it, into FILE.

    FILE is .csv, .json, .parquet, .arrow (a stream), .feather, or has another suffix that the server knows.
    Without FILE, or for -, the standard output is used. A FILE that exists is replaced.
    """
    form = form or file.suffix[1:] or (DEFAULT_FORMAT if file == STANDARD_OUTPUT else "")
    if not form:
        raise CloudError(f"{file} has no suffix such as .csv; add one, or choose a format with --format.")
    _check_options(how)
    source = _find_source(connect(url), name)
    source = source if version is None else source.at(version)
    columns = _split_names(how["columns"])
    with _open_output(file) as out:
        if how["y"]:
            _download(source, form, _window_parameters(how), out)
        elif source.is_read_by_rows(columns) or how["where"]:
            count = count_rows(source.columns(), how["rows"])
            rows = rows_parameters(columns, how["rows"], how["where"], how["limit"], count)
            _download(source, form, rows, out)
        elif form in WRITABLE_FORMATS:
            _check_terminal(out, form, is_text=form == DEFAULT_FORMAT)
            write_table(source.to_arrow(columns, rows=how["rows"], limit=how["limit"]), out, form)
        else:
            choices = ", ".join(WRITABLE_FORMATS)
            raise CloudError(f"Long strings of published figures cannot be written as {form}: use {choices}.")


def _find_source(server: Server, name: str) -> RemoteDataSource:
    """Return the data source of a name, or the one of the plot of this name."""
    try:
        return server.source(name)
    except NotFound as error:
        missing = error
    try:
        plot = server.plot(name)
    except NotFound:
        raise missing from None
    return plot.source()


def _download(source: RemoteDataSource, form: str, parameters: Parameters, out: BinaryIO) -> None:
    """Write the server's response; Feather, which the server does not write, is converted from Arrow."""
    if form == FEATHER:
        _check_terminal(out, form, is_text=False)
        write_table(read_arrow_stream(source.answer("arrow", parameters)), out, form)
        return
    response = source.answer(form, parameters)
    _check_terminal(out, form, is_text=response.headers.get("Content-Type", "").startswith(TEXT_TYPES))
    write_response(response, out)


def _check_terminal(out: BinaryIO, form: str, *, is_text: bool) -> None:
    if not is_text and out.isatty():
        raise click.UsageError(f"A terminal cannot show {form}: give a FILE, or use | or >.")


def _window_parameters(how: dict[str, Any]) -> Parameters:
    pixels, method = how["pixels"] or 1000, how["method"] or METHODS[0]
    names = _split_names(how["y"]) or []
    return window_parameters(names, how["x"], how["start"], how["end"], pixels, method, how["around"])


def _check_options(how: dict[str, Any]) -> None:
    try:
        parse_row_range(how["rows"] or ":")
    except CloudError as error:
        raise click.BadParameter(str(error), param_hint="--rows") from None
    if how["y"] and any(how[name] not in (None, ()) for name in ROW_OPTIONS):
        raise click.UsageError("A window (--y) takes no --columns, --rows, --where or --limit.")
    if not how["y"] and any(how[name] for name in WINDOW_OPTIONS):
        raise click.UsageError("Choose the columns of the window with --y.")


def _split_names(text: str | None) -> list[str] | None:
    return None if text is None else split_names(text)


@contextmanager
def _open_output(file: Path) -> Iterator[BinaryIO]:
    if file == STANDARD_OUTPUT:
        with explain_write_errors("The standard output"):
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    is_new = not file.exists()
    with replace_file(file) as temporary, temporary.open("wb") as out:
        yield out
    click.echo(f"{'Wrote' if is_new else 'Replaced'} {file}: {file.stat().st_size:,} bytes.")
