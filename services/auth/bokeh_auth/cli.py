"""The command `bokeh-cloud admin`: what an operator does with accounts, on the storage itself."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from bokeh_auth.accounts import Account
from bokeh_auth.credentials import PERSONAL, SERVICE, SESSION, SHARE, new_secret
from bokeh_auth.domain import Domain
from bokeh_auth.links import LOGIN
from bokeh_auth.records import Records
from bokeh_auth.scopes import SERVICE_SCOPES
from bokeh_common.errors import CloudError
from bokeh_common.storage import open_records

PAGE = 1000


@click.group()
@click.option(
    "--storage", envvar="BOKEH_CLOUD_STORAGE", help="Storage URL  [default: local:// in ~/.local/share]"
)
@click.pass_context
def admin(context: click.Context, storage: str | None) -> None:
    """Look after the accounts of a cloud."""
    context.obj = storage or f"local://{Path.home() / '.local/share/bokeh-cloud'}"


@contextmanager
def _opened(storage: str) -> Iterator[Domain]:
    try:
        yield Domain.on(Records(open_records(storage, "auth")))
    except CloudError as error:
        raise click.ClickException(str(error)) from None


@admin.group()
def users() -> None:
    """List, make, disable and enable accounts."""


@users.command("list")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each.")
@click.pass_obj
def list_users(storage: str, as_json: bool) -> None:
    """List all accounts."""
    with _opened(storage) as domain:
        after = ""
        while page := domain.accounts.page(after, PAGE):
            for account in page:
                click.echo(json.dumps(vars(account)) if as_json else _line(account))
            after = page[-1].user_id


@users.command()
@click.argument("username")
@click.argument("email")
@click.pass_obj
def create(storage: str, username: str, email: str) -> None:
    """Make an account without a confirmation mail."""
    with _opened(storage) as domain:
        click.echo(_line(domain.accounts.create(email, username)))


@users.command()
@click.argument("username")
@click.pass_obj
def disable(storage: str, username: str) -> None:
    """Lock an account: keys, sessions and links open nothing until it is enabled again."""
    with _opened(storage) as domain:
        click.echo(_line(domain.accounts.change(username, disabled=True)))


@users.command()
@click.argument("username")
@click.pass_obj
def enable(storage: str, username: str) -> None:
    """Unlock an account."""
    with _opened(storage) as domain:
        click.echo(_line(domain.accounts.change(username, disabled=False)))


@admin.group()
def keys() -> None:
    """List and revoke what opens an account."""


@keys.command("list")
@click.argument("username")
@click.pass_obj
def list_keys(storage: str, username: str) -> None:
    """List the API keys of an account."""
    with _opened(storage) as domain:
        domain.accounts.get(username)
        for key in domain.keys.page(username, "", PAGE):
            click.echo(f"{key.id}  {key.created}  {key.used or 'never used'}  {key.name}")


@keys.command()
@click.argument("username")
@click.argument("key", required=False)
@click.option("--all", "everything", is_flag=True, help="All keys, share links and sessions of the account.")
@click.pass_obj
def revoke(storage: str, username: str, key: str | None, everything: bool) -> None:
    """Revoke an API key by its id, or everything that opens the account."""
    if (key is None) != everything:
        raise click.UsageError("Name a key, or say --all.")
    with _opened(storage) as domain:
        domain.accounts.get(username)
        count = 1
        if key is not None:
            domain.keys.revoke(username, key)
        else:
            count = sum(domain.vault.revoke_all(kind, username) for kind in (PERSONAL, SHARE, SESSION))
        click.echo(f"Revoked: {count}. Other services may remember a key for half a minute.")


@admin.command("login-link")
@click.argument("username")
@click.option("--url", envvar="BOKEH_CLOUD_PUBLIC_URL", default="http://localhost:5006", show_default=True)
@click.pass_obj
def login_link(storage: str, username: str, url: str) -> None:
    """Print a link that signs in, for who cannot get mail; it works once, within a quarter of an hour."""
    with _opened(storage) as domain:
        account = domain.accounts.get(username)
        click.echo(
            f"{url.rstrip('/')}/login/{domain.links.make(LOGIN, account.email, username, account.epoch)}"
        )


@admin.command("service-tokens")
def service_tokens() -> None:
    """Print new tokens of the services, as settings for them and for the auth service."""
    tokens = {name: new_secret(SERVICE) for name in SERVICE_SCOPES}
    click.echo("# for the auth service")
    click.echo(f"BOKEH_CLOUD_SERVICE_TOKENS={' '.join(f'{name}={token}' for name, token in tokens.items())}")
    for name, token in tokens.items():
        click.echo(f"# for the {name} service\nBOKEH_CLOUD_SERVICE_TOKEN={token}")


def _line(account: Account) -> str:
    return f"{account.user_id}  {account.email}  {account.created}{'  disabled' if account.disabled else ''}"
