"""What of `bokeh-cloud admin` concerns all services: it runs them in this process, on the cloud's storage."""

import json
from typing import BinaryIO

import click

import embedded
from bokeh_auth.cli import OPERATOR, admin, opened, users
from bokeh_auth.closing import Closing
from bokeh_auth.exporting import Exporter
from bokeh_auth.peers import Keepers

__all__ = ["admin"]


@users.command()
@click.argument("username")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(storage: str, username: str, yes: bool) -> None:
    """Delete an account with its plots, data, keys, share links and sessions.

    What was freed is printed. A server that runs on the storage sweeps up after uploads that were under way.
    """
    with opened(storage) as domain:
        account = domain.accounts.get(username)
        if not yes:
            click.confirm(f"Delete {account.user_id} ({account.email or 'deleted'}) for good?", abort=True)
        parts = domain.records, domain.accounts, domain.vault, domain.audit
        freed = Closing(*parts, Keepers(*embedded.keepers(storage))).close(username, "", OPERATOR)
        click.echo(json.dumps({"username": username, "freed": freed}))


@users.command()
@click.argument("username")
@click.argument("file", type=click.File("wb"))
@click.pass_obj
def export(storage: str, username: str, file: BinaryIO) -> None:
    """Write everything of an account into a tar archive; - is standard output."""
    with opened(storage) as domain:
        account = domain.accounts.get(username)
        keepers = Keepers(*embedded.keepers(storage))
        exporter = Exporter(domain.accounts, domain.vault, domain.audit, keepers)
        for block in exporter.blocks(exporter.summary(username, account.quota({})), secrets_too=True):
            file.write(block)
