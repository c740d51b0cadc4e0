"""Commands of `bokeh-cloud admin` that concern several services.

They run the services in this process, on the storage of the cloud.
"""

import asyncio
import json
import os
import stat
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

import click

from bokeh_auth.accounts.deletion import AccountDeletion
from bokeh_auth.accounts.export import AccountExporter
from bokeh_auth.cli import OPERATOR, PAGE, admin, describe_account, open_domain, users
from bokeh_auth.clients import DataServices
from bokeh_cloud_server import embedded
from bokeh_cloud_server.adopt import adopt
from bokeh_common.errors import CloudError
from bokeh_common.http.client.blocking_client import BlockingServiceClient
from bokeh_common.storage import open_blobs, open_records, require_storage
from bokeh_data.storage.repository import DataRepository
from bokeh_gc.clients import KeyspaceClient
from bokeh_gc.fsck import StorageCheck
from bokeh_plots.storage.repository import PlotRepository
from bokeh_web.cli import bokehjs

__all__ = ["admin"]

admin.add_command(adopt)
admin.add_command(bokehjs)


@users.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each account.")
@click.option("--no-usage", is_flag=True, help="Do not count what they store, which reads all names.")
@click.pass_obj
def list_users(storage: str, as_json: bool, no_usage: bool) -> None:
    """List all accounts, with their plots and bytes."""
    with open_domain(storage) as domain:
        stores = (
            PlotRepository(open_records(storage, "plots"), open_blobs(storage, "plots")),
            DataRepository(open_records(storage, "data"), open_blobs(storage, "data")),
        )
        after = ""
        while page := domain.accounts.page(after, PAGE):
            for account in page:
                usage = {} if no_usage else _usage(account.user_id, *stores)
                line = describe_account(account) + "".join(f"  {name}: {n}" for name, n in usage.items())
                click.echo(json.dumps({**vars(account), **usage}) if as_json else line)
            after = page[-1].user_id


def _usage(user: str, plots: PlotRepository, data: DataRepository) -> dict[str, int]:
    return {"plots": plots.count_plots(user), "bytes": plots.stored_bytes(user) + data.stored_bytes(user)}


@users.command()
@click.argument("username")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(storage: str, username: str, yes: bool) -> None:
    """Delete an account with all of its data.

    Prints what was deleted. If a server uses the storage, it deletes the data of uploads in progress later.
    """
    with open_domain(storage) as domain:
        account = domain.accounts.get(username)
        if not yes:
            click.confirm(f"Delete {account.user_id} ({account.email or 'deleted'}) for good?", abort=True)
        data_services = DataServices(*embedded.data_services(storage))
        deletion = AccountDeletion(
            domain.repository, domain.accounts, domain.credentials, domain.audit, data_services
        )
        freed = asyncio.run(deletion.delete(username, "", OPERATOR))
        click.echo(json.dumps({"username": username, "freed": freed}))


@users.command()
@click.argument("username")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.pass_obj
def export(storage: str, username: str, file: str) -> None:
    """Write all data of an account to a tar archive.

    Only the owner of the file may read it. Use - as FILE to write to the standard output.
    """
    with open_domain(storage) as domain:
        account = domain.accounts.get(username)
        data_services = DataServices(*embedded.data_services(storage))
        exporter = AccountExporter(domain.accounts, domain.credentials, domain.audit, data_services)
        with _create_private(file) as archive:
            asyncio.run(_write_archive(exporter, username, account.quota({}), archive))
    if file != "-":
        click.echo(f"Wrote the data of {username} to {file}, {Path(file).stat().st_size} bytes.")


def _create_private(file: str) -> AbstractContextManager[BinaryIO]:
    """Open a file that only its owner can read, also if it existed, as it has the mail address and hashes."""
    if file == "-":
        return nullcontext(sys.stdout.buffer)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fchmod(descriptor, 0o600)
    except OSError as error:
        raise click.FileError(file, error.strerror) from None
    return os.fdopen(descriptor, "wb")


async def _write_archive(
    exporter: AccountExporter, username: str, quota: Mapping[str, int | None], file: BinaryIO
) -> None:
    summary = await exporter.summary(username, quota)
    async for block in exporter.blocks(summary, with_credentials=True):
        file.write(block)


@admin.command()
@click.option("--repair", is_flag=True, help="Move damaged objects to quarantine.")
@click.pass_obj
def fsck(storage: str, repair: bool) -> None:
    """Check that all stored data are complete and intact.

    Reads every byte, and checks that each object has the content that its name says, and that everything it
    refers to exists. With --repair, damaged objects, and objects that refer to missing ones, are moved to
    keys that begin with "quarantine/"; publishing the same figure again stores them again. Plots are never
    moved.
    """
    try:
        require_storage(storage)
    except CloudError as error:
        raise click.ClickException(str(error)) from None
    plots, data = (BlockingServiceClient(client) for client in embedded.data_services(storage, "gc"))
    check, found = StorageCheck(KeyspaceClient({"plots": plots, "data": data}), repair), 0
    try:
        for finding in check.run():
            found += 1
            click.echo(f"{finding.name}: {finding.what}{'; moved to quarantine' if finding.moved else ''}")
    except CloudError as error:
        raise click.ClickException(str(error)) from None
    click.echo(
        f"{check.checked} objects were checked; {found or 'nothing'} {'are' if found > 1 else 'is'} wrong."
    )
    sys.exit(1 if found and not repair else 0)
