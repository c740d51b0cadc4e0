"""What of `bokeh-cloud admin` concerns all services: it runs them in this process, on the cloud's storage."""

import json
import sys
from typing import BinaryIO

import click

import embedded
from bokeh_auth.cli import OPERATOR, admin, opened, users
from bokeh_auth.closing import Closing
from bokeh_auth.exporting import Exporter
from bokeh_auth.peers import Keepers
from bokeh_common.errors import CloudError
from bokeh_gc.fsck import Check
from bokeh_gc.peers import Holdings
from bokeh_web.cli import bokehjs

__all__ = ["admin"]

admin.add_command(bokehjs)


@users.command()
@click.argument("username")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(storage: str, username: str, yes: bool) -> None:
    """Delete an account with all that it has.

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
    """Write all of an account into a tar archive.

    The file - is the standard output.
    """
    with opened(storage) as domain:
        account = domain.accounts.get(username)
        keepers = Keepers(*embedded.keepers(storage))
        exporter = Exporter(domain.accounts, domain.vault, domain.audit, keepers)
        for block in exporter.blocks(exporter.summary(username, account.quota({})), secrets_too=True):
            file.write(block)


@admin.command()
@click.option("--repair", is_flag=True, help="Move what is damaged out of the way.")
@click.pass_obj
def fsck(storage: str, repair: bool) -> None:
    """Check that all data are there and undamaged.

    Reads every byte: is all there that is referred to, and is everything what its name says? With --repair,
    what is damaged is moved to keys that begin with "quarantine/", and so is what refers to something that is
    missing: publishing the same figure again stores it anew. Plots are never moved.
    """
    plots, data = embedded.keepers(storage, "gc")
    check, found = Check(Holdings({"plots": plots, "data": data}), repair), 0
    try:
        for finding in check.run():
            found += 1
            click.echo(f"{finding.name}: {finding.what}{'; moved to quarantine' if finding.moved else ''}")
    except CloudError as error:
        raise click.ClickException(str(error)) from None
    click.echo(
        f"{check.checked} things were checked; {found or 'nothing'} {'are' if found > 1 else 'is'} wrong."
    )
    sys.exit(1 if found and not repair else 0)
