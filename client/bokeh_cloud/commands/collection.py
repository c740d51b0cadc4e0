"""`gc orphans|run`: what nothing refers to any more."""

from dataclasses import asdict

import click

from ..server import connect
from . import options
from .printing import echo_fields, echo_list


@click.group("gc")
def collection() -> None:
    """Look for what nothing refers to any more, and free it.

    The key needs the scope gc:run.
    """


@collection.command()
@options.url
@options.as_json
def orphans(url: str | None, as_json: bool) -> None:
    """List what nothing refers to, with bytes, age in seconds, and why."""
    found = [asdict(orphan) for orphan in connect(url).gc.orphans()]
    echo_list(found, as_json, ("kind", "bytes", "age", "why", "id"), "No orphans.")


@collection.command()
@click.option("--dry-run", is_flag=True, help="Only tell what would be freed.")
@options.url
@options.as_json
def run(dry_run: bool, url: str | None, as_json: bool) -> None:
    """Free what nothing refers to, and report it."""
    found = asdict(connect(url).gc.run(dry_run=dry_run))
    if not as_json:
        found["freed"] = ", ".join(f"{count} {kind}" for kind, count in found["freed"].items()) or "nothing"
    echo_fields(found, as_json)
