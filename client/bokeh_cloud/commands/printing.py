"""How commands print: a table for people, JSON for programs."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import click


def echo_json(value: Any) -> None:
    """Print a value as JSON; times as RFC 3339."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def echo_list(
    found: Sequence[dict[str, Any]],
    as_json: bool,
    columns: Sequence[str],
    empty: str,
    cell: Callable[[Any], str] | None = None,
) -> None:
    """Print dictionaries, all of them as JSON, or some columns as a table, or that there are none."""
    if as_json:
        echo_json(found)
    elif found:
        rows = [[(cell or text_of)(item[column]) for column in columns] for item in found]
        click.echo(table([[column.upper().replace("_", " ") for column in columns], *rows]))
    else:
        click.echo(empty)


def echo_fields(found: dict[str, Any], as_json: bool) -> None:
    """Print a dictionary as JSON, or a line for each of its fields."""
    if as_json:
        echo_json(found)
    else:
        click.echo(table([[name, text_of(value)] for name, value in found.items()]))


def text_of(value: Any) -> str:
    """Return a value as a person reads it: local times to the minute, lists with commas, "" for None."""
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M")
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def table(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as lines with aligned columns."""
    cells = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    return "\n".join(line.rstrip() for line in lines)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else list(value)
