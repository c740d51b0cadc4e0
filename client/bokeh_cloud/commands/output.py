"""Prints the results of commands: tables, or JSON for programs."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click

from bokeh_cloud.commands.terminal_text import printable, printable_line


def echo_json(value: Any) -> None:
    """Print a value as JSON; times as RFC 3339."""
    click.echo(printable(json.dumps(value, indent=2, ensure_ascii=False, default=_to_json)))


def echo_list(items: Sequence[dict[str, Any]], as_json: bool, columns: Sequence[str], empty: str) -> None:
    """Print a list of dictionaries.

    Args:
        items: with equal keys.
        as_json: print all keys as JSON, rather than some as a table.
        columns: keys to print as a table.
        empty: is printed if there are no items.
    """
    if as_json:
        echo_json(items)
    elif items:
        rows = [[format_value(item[column]) for column in columns] for item in items]
        click.echo(format_table([[column.upper().replace("_", " ") for column in columns], *rows]))
    else:
        click.echo(empty)


def echo_fields(fields: dict[str, Any], as_json: bool) -> None:
    """Print a dictionary as JSON, or one field per line."""
    if as_json:
        echo_json(fields)
    else:
        click.echo(format_table([[name, format_value(value)] for name, value in fields.items()]))


def format_value(value: Any) -> str:
    """Return a value for users: local times to the minute, lists with commas, "" for None."""
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M")
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def format_table(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as lines with aligned columns."""
    cells = [[printable_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    return "\n".join(line.rstrip() for line in lines)


def _to_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else list(value)
