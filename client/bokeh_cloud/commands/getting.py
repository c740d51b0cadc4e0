"""`data get`: all of a data source, or some of it, into a file or to other programs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click

from ..errors import CloudError
from ..files import WRITTEN, write
from ..frames import table_in
from ..reading import METHODS, Parameters, rows_parameters, slice_of, window_parameters
from ..saving import copy, saved, written
from ..server import connect
from ..sources import RemoteDataSource
from . import options

#: Formats by the ending of a file; the server writes all but the last.
ENDINGS = {".csv": "csv", ".json": "json", ".parquet": "parquet", ".arrow": "arrow", ".feather": "feather"}
TEXTS = ("csv", "json")
STANDARD_OUTPUT = Path("-")
OF_ROWS = ("columns", "rows", "where", "limit")
OF_A_WINDOW = ("x", "start", "end", "pixels", "method", "around")


@click.command()
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default="-")
@click.option(
    "--format", "form", type=click.Choice([*ENDINGS.values()]), help="Default: FILE's ending, else csv."
)
@click.option("--columns", metavar="A,B", help="Only these columns.")
@click.option(
    "--rows",
    metavar="FROM:TO",
    help="Only these rows, counted from 0, or from the end where negative; FROM:TO:STEP for some of them.",
)
@click.option(
    "--where", multiple=True, metavar="CONDITION",
    help="Only rows that fulfil it: y >= 2, name in (a, b), y between 1 and 2, y is null. Several: all.",
)  # fmt: skip
@click.option("--limit", type=click.IntRange(min=0), help="At most so many rows.")
@click.option(
    "--x", metavar="COLUMN", help="A window along this ascending column; default: the row's number."
)
@click.option("--y", metavar="A,B", help="Columns of the window: what a plot can show of them.")
@click.option(
    "--from", "start", metavar="X", help="Where the window begins: a number, or a time as ISO 8601."
)
@click.option("--to", "end", metavar="X", help="Where it ends.")
@click.option("--pixels", type=click.IntRange(1, 16_384), help="How wide it is shown; default: 1000.")
@click.option("--method", type=click.Choice(METHODS), help="Which rows show a window; default: minmax.")
@click.option("--around", is_flag=True, help="With the rows before and after the window.")
@click.option("--version", type=click.IntRange(min=1), help="Of this version; default: the newest.")
@options.url
def get(name: str, file: Path, form: str | None, version: int | None, url: str | None, **how: Any) -> None:
    """Write the source NAME, or some of it, into FILE.

    FILE is .csv, .json, .parquet, .arrow (a stream) or .feather; without it, or for -, the standard
    output.
    """
    form = form or ENDINGS.get(file.suffix, "csv" if file == STANDARD_OUTPUT else "")
    if not form:
        raise CloudError(f"{file} is none of {', '.join(ENDINGS)}; or say with --format what it shall be.")
    _check(form, file, how)
    source = connect(url).source(name)
    source = source if version is None else source.at(version)
    columns = _names(how["columns"])
    with _opened(file) as out:
        if how["y"]:
            _send(source, form, _window(how), out)
        elif source.by_rows(columns) or how["where"]:
            length = max((column.length for column in source.columns().values()), default=0)
            rows = rows_parameters(columns, how["rows"], how["where"], how["limit"], length)
            _send(source, form, rows, out)
        elif form in WRITTEN:
            write(source.to_arrow(columns, rows=how["rows"], limit=how["limit"]), out, form)
        else:
            raise CloudError(f"Texts of published figures do not come as {form}; take {', '.join(WRITTEN)}.")


def _send(source: RemoteDataSource, form: str, asked: Parameters, out: BinaryIO) -> None:
    """Write what the server answers; the file form of Arrow it does not write."""
    if form == "feather":
        write(table_in(source.answer("arrow", asked)), out, form)
    else:
        copy(source.answer(form, asked), out)


def _window(how: dict[str, Any]) -> Parameters:
    pixels, method = how["pixels"] or 1000, how["method"] or METHODS[0]
    names = _names(how["y"]) or []
    return window_parameters(names, how["x"], how["start"], how["end"], pixels, method, how["around"])


def _check(form: str, file: Path, how: dict[str, Any]) -> None:
    try:
        slice_of(how["rows"] or ":")
    except CloudError as error:
        raise click.BadParameter(str(error), param_hint="--rows") from None
    if how["y"] and any(how[name] not in (None, ()) for name in OF_ROWS):
        raise click.UsageError("A window (--y) takes no --columns, --rows, --where or --limit.")
    if not how["y"] and any(how[name] for name in OF_A_WINDOW):
        raise click.UsageError("Say with --y which columns the window shows.")
    if file == STANDARD_OUTPUT and form not in TEXTS and sys.stdout.isatty():
        raise click.UsageError(f"A terminal shows no {form}: name a FILE, or send it on with | or >.")


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name for name in text.split(",") if name]


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    if file == STANDARD_OUTPUT:
        with written("The standard output"):
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    with saved(file) as beside, beside.open("wb") as out:
        yield out
