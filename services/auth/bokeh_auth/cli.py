"""The command `bokeh-cloud admin`: what an operator does with accounts, on the storage itself."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from bokeh_auth.accounts import Account
from bokeh_auth.audit import DONE
from bokeh_auth.credentials import PERSONAL, SERVICE, SHARE, new_secret
from bokeh_auth.domain import Domain
from bokeh_auth.links import LOGIN
from bokeh_auth.records import Records
from bokeh_auth.scopes import SERVICE_SCOPES
from bokeh_common.environment import REDIS, address
from bokeh_common.errors import CloudError
from bokeh_common.http.revocations import Revocations
from bokeh_common.storage import open_records

PAGE = 1000
OPERATOR = "operator"


@click.group()
@click.option(
    "--storage", envvar="BOKEH_CLOUD_STORAGE", help="Storage URL  [default: local:// in ~/.local/share]"
)
@click.pass_context
def admin(context: click.Context, storage: str | None) -> None:
    """Look after the accounts of a cloud."""
    context.obj = storage or f"local://{Path.home() / '.local/share/bokeh-cloud'}"


@contextmanager
def opened(storage: str) -> Iterator[Domain]:
    """Yield the accounts in a storage; errors become messages."""
    try:
        revoked = Revocations(address(os.environ, "BOKEH_CLOUD_REDIS_URL", REDIS)).tell
        yield Domain.on(Records(open_records(storage, "auth")), changed=revoked)
    except CloudError as error:
        raise click.ClickException(str(error)) from None


@admin.group()
def users() -> None:
    """List, make, lock, bound and delete accounts."""


@users.command("list")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each.")
@click.pass_obj
def list_users(storage: str, as_json: bool) -> None:
    """List all accounts."""
    with opened(storage) as domain:
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
    with opened(storage) as domain:
        account = domain.accounts.create(email, username)
        _note(domain, "account.create", account.user_id)
        click.echo(_line(account))


@users.command()
@click.argument("username")
@click.pass_obj
def disable(storage: str, username: str) -> None:
    """Lock an account.

    Keys, sessions and links open nothing until it is enabled again.
    """
    with opened(storage) as domain:
        account = domain.accounts.change(username, disabled=True)
        _note(domain, "account.disable", username)
        click.echo(_line(account))


@users.command()
@click.argument("username")
@click.option("--bytes", "max_bytes", metavar="N|default", help="Bytes of data.")
@click.option("--plots", "max_plots", metavar="N|default", help="Number of plots.")
@click.pass_obj
def quota(storage: str, username: str, max_bytes: str | None, max_plots: str | None) -> None:
    """Set how much an account may have.

    `default` is what the server's settings say.
    """
    given = {"max_bytes": max_bytes, "max_plots": max_plots}
    bounds = {name: _bound(text) for name, text in given.items() if text is not None}
    with opened(storage) as domain:
        account = domain.accounts.change(username, **bounds) if bounds else domain.accounts.get(username)
        _note(domain, "account.quota", username, **bounds)
        click.echo(f"{username}  bytes: {_said(account.max_bytes)}  plots: {_said(account.max_plots)}")


@users.command()
@click.argument("username")
@click.pass_obj
def enable(storage: str, username: str) -> None:
    """Unlock an account."""
    with opened(storage) as domain:
        account = domain.accounts.change(username, disabled=False)
        _note(domain, "account.enable", username)
        click.echo(_line(account))


@admin.group()
def keys() -> None:
    """List and revoke what opens an account."""


@keys.command("list")
@click.argument("username")
@click.pass_obj
def list_keys(storage: str, username: str) -> None:
    """List the API keys of an account."""
    with opened(storage) as domain:
        domain.accounts.get(username)
        for key in domain.keys.page(username, "", PAGE):
            click.echo(f"{key.id}  {key.created}  {key.used or 'never used'}  {key.name}")


@keys.command()
@click.argument("username")
@click.argument("key", required=False)
@click.option("--all", "everything", is_flag=True, help="All keys, share links and sessions of the account.")
@click.pass_obj
def revoke(storage: str, username: str, key: str | None, everything: bool) -> None:
    """Revoke an API key, or all that opens an account."""
    if (key is None) != everything:
        raise click.UsageError("Name a key, or say --all.")
    with opened(storage) as domain:
        domain.accounts.get(username)
        count = 1
        if key is not None:
            domain.keys.revoke(username, key)
        else:
            count = sum(domain.vault.revoke_all(kind, username) for kind in (PERSONAL, SHARE))
            count += domain.sessions.sign_out_everywhere(username)
        _note(domain, "keys.revoke", username, key=key or "all")
        click.echo(f"Revoked: {count}. Without Redis, services may remember a key for half a minute.")


@admin.command("login-link")
@click.argument("username")
@click.option("--url", envvar="BOKEH_CLOUD_PUBLIC_URL", default="http://localhost:5006", show_default=True)
@click.pass_obj
def login_link(storage: str, username: str, url: str) -> None:
    """Print a link that signs in, for who cannot get mail.

    It works once, within a quarter of an hour.
    """
    with opened(storage) as domain:
        account = domain.accounts.get(username)
        _note(domain, "login.link", username)
        secret = domain.links.make(LOGIN, account.email, username, account.epoch)
        click.echo(f"{url.rstrip('/')}/login/{secret}")


@admin.command("service-tokens")
def service_tokens() -> None:
    """Print new tokens of the services.

    They are printed as settings for the services, and for the auth service.
    """
    tokens = {name: new_secret(SERVICE) for name in SERVICE_SCOPES}
    click.echo("# for the auth service")
    click.echo(f"BOKEH_CLOUD_SERVICE_TOKENS={' '.join(f'{name}={token}' for name, token in tokens.items())}")
    for name, token in tokens.items():
        click.echo(f"# for the {name} service\nBOKEH_CLOUD_SERVICE_TOKEN={token}")


def _note(domain: Domain, action: str, user: str, **facts: Any) -> None:
    domain.audit.note(action, user, "", DONE, by=OPERATOR, **facts)


def _bound(text: str) -> int | None:
    if text == "default":
        return None
    if not text.isdecimal():
        raise click.UsageError(f"{text!r} is neither a whole number nor 'default'.")
    return int(text)


def _said(bound: int | None) -> str:
    return "default" if bound is None else str(bound)


def _line(account: Account) -> str:
    state = "  deleted" if account.closed else "  disabled" if account.disabled else ""
    return f"{account.user_id}  {account.email}  {account.created}{state}"
