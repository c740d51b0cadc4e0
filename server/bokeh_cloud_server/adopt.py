"""The command `bokeh-cloud admin adopt`: an account takes over the plots that were made without accounts."""

import sys

import click

import bokeh_data.storage.adoption as data
import bokeh_plots.storage.adoption as plots
from bokeh_auth.cli import OPERATOR, open_domain
from bokeh_auth.container import AccountDomain
from bokeh_auth.introspection import LOCAL
from bokeh_cloud_server import keyless_lock
from bokeh_common.storage import open_blobs, open_records


@click.command()
@click.argument("username")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.pass_obj
def adopt(storage: str, username: str, yes: bool) -> None:
    """Give an account the plots that were made without accounts.

    Their URLs, versions, data sources and view counts do not change, and they are as visible as before. Stop
    a server without accounts that uses the storage before; one with accounts may run. Plots whose names the
    account has already are left where they are, and named.
    """
    with open_domain(storage) as domain:
        domain.accounts.get(username)
        if not plots.has_plots(open_records(storage, "plots"), LOCAL):
            click.echo("There are no plots that were made without accounts.")
            return
        if not yes:
            click.confirm(f"Give {username} all plots that were made without accounts?", abort=True)
        with keyless_lock.require_unused(storage):
            result, sources = _adopt(storage, username)
        domain.audit.record("account.adopt", username, "", "done", by=OPERATOR, plots=len(result.adopted))
    for name in result.adopted:
        click.echo(name)
    click.echo(f"{username} has {len(result.adopted)} more plots and {sources} more data sources.")
    if result.left:
        reason = f"Not adopted, since {username} has plots of these names"
        click.echo(f"{reason}: {', '.join(result.left)}. Delete those first.", err=True)
        sys.exit(1)


def _adopt(storage: str, username: str) -> tuple[plots.Adoption, int]:
    """Copy the data, move the plots, and remove the old data unless plots were left that need them."""
    records = open_records(storage, "data")
    sources = data.copy_sources(records, open_blobs(storage, "data"), LOCAL, username)
    result = plots.adopt_plots(open_records(storage, "plots"), open_blobs(storage, "plots"), LOCAL, username)
    if not result.left:
        data.remove_sources(records, LOCAL)
    return result, sources


def has_accounts(storage: str) -> bool:
    """Return whether anybody has registered."""
    return bool(AccountDomain.on_storage(open_records(storage, "auth")).accounts.page("", 1))


def first_account_may_adopt(storage: str) -> bool:
    """Return whether there are plots that were made without accounts, and one account only."""
    accounts = AccountDomain.on_storage(open_records(storage, "auth")).accounts.page("", 2)
    return len(accounts) == 1 and plots.has_plots(open_records(storage, "plots"), LOCAL)
