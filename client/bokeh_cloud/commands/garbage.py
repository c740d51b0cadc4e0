"""`gc orphans|run`: the garbage of the account."""

from dataclasses import asdict

import click

from bokeh_cloud.commands import options
from bokeh_cloud.commands.output import echo_fields, echo_list
from bokeh_cloud.server import connect


@click.group()
def gc() -> None:
    """List and delete orphans: objects to which nothing refers.

    The API key needs the scope gc:run.
    """


@gc.command()
@options.url
@options.as_json
def orphans(url: str | None, as_json: bool) -> None:
    """List orphans, with size in bytes, age in seconds, and reason."""
    found = [asdict(orphan) for orphan in connect(url).gc.orphans()]
    echo_list(found, as_json, ("kind", "bytes", "age", "why", "id"), "No orphans.")


@gc.command()
@click.option("--dry-run", is_flag=True, help="Only report what would be deleted.")
@options.url
@options.as_json
def run(dry_run: bool, url: str | None, as_json: bool) -> None:
    """Delete orphans, and report what was deleted."""
    report = asdict(connect(url).gc.run(dry_run=dry_run))
    if not as_json:
        counts = report["freed"].items()
        report["freed"] = ", ".join(f"{count} {kind}" for kind, count in counts) or "nothing"
    echo_fields(report, as_json)
