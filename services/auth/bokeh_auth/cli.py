"""The commands `bokeh-cloud admin`, with which an operator manages accounts, directly on the storage."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from bokeh_auth.accounts.accounts import Account
from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.one_time_links import LOGIN
from bokeh_auth.credentials.scopes import SERVICE_SCOPES
from bokeh_auth.credentials.secret import PERSONAL, SERVICE, SHARE, new_secret
from bokeh_common.environment import read_redis_url
from bokeh_common.errors import CloudError
from bokeh_common.http.auth.revocations import RevocationPublisher
from bokeh_common.storage import open_records, require_storage
from bokeh_common.timestamps import format_timestamp

PAGE = 1000

#: Sizes as people write them, with decimal and binary units (IEC 80000-13).
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]i?B)", re.IGNORECASE)
UNITS: dict[str, int] = {
    f"{unit}{binary}b": base ** (power + 1)
    for power, unit in enumerate("kmgt")
    for binary, base in (("", 1000), ("i", 1024))
}

OPERATOR = "operator"
DEFAULT_URL = "http://localhost:5006"


@click.group()
@click.option(
    "--storage", envvar="BOKEH_CLOUD_STORAGE", help="Storage URL  [default: local:// in ~/.local/share]"
)
@click.pass_context
def admin(context: click.Context, storage: str | None) -> None:
    """Manage the accounts of a cloud."""
    context.obj = storage or f"local://{Path.home() / '.local/share/bokeh-cloud'}"


@contextmanager
def open_domain(storage: str) -> Iterator[AccountDomain]:
    """Yield the domain objects on a storage; errors become messages of the command."""
    try:
        require_storage(storage)
        revoked = RevocationPublisher(read_redis_url(os.environ)).publish
        yield AccountDomain.on_storage(open_records(storage, "auth"), changed=revoked)
    except CloudError as error:
        raise click.ClickException(str(error)) from None


@admin.group()
def users() -> None:
    """List, create, disable, limit and delete accounts."""


@users.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each account.")
@click.pass_obj
def list_users(storage: str, as_json: bool) -> None:
    """List all accounts."""
    with open_domain(storage) as domain:
        after = ""
        while page := domain.accounts.page(after, PAGE):
            for account in page:
                click.echo(json.dumps(vars(account)) if as_json else describe_account(account))
            after = page[-1].user_id


@users.command()
@click.argument("email")
@click.argument("username")
@click.pass_obj
def create(storage: str, email: str, username: str) -> None:
    """Create an account called USERNAME without a confirmation mail."""
    if "@" in username and "@" not in email:  # as they were ordered before
        email, username = username, email
    with open_domain(storage) as domain:
        account = domain.accounts.create(email, username)
        _audit(domain, "account.create", account.user_id)
        click.echo(describe_account(account))


@users.command()
@click.argument("username")
@click.pass_obj
def disable(storage: str, username: str) -> None:
    """Disable an account.

    Its keys, sessions and share links are not accepted until it is enabled again.
    """
    with open_domain(storage) as domain:
        account = domain.accounts.change(username, disabled=True)
        _audit(domain, "account.disable", username)
        click.echo(describe_account(account))


@users.command()
@click.argument("username")
@click.option("--bytes", "max_bytes", metavar="SIZE|default", help="Bytes of data, such as 500MB or 2GiB.")
@click.option("--plots", "max_plots", metavar="N|default", help="Number of plots.")
@click.pass_obj
def quota(storage: str, username: str, max_bytes: str | None, max_plots: str | None) -> None:
    """Set the quota of an account.

    `default` is the default quota of the server.
    """
    given = {"max_bytes": max_bytes, "max_plots": max_plots}
    limits = {name: _limit(text, name == "max_bytes") for name, text in given.items() if text is not None}
    with open_domain(storage) as domain:
        account = domain.accounts.change(username, **limits) if limits else domain.accounts.get(username)
        _audit(domain, "account.quota", username, **limits)
        click.echo(
            f"{username}  bytes: {_quota_text(account.max_bytes)}  plots: {_quota_text(account.max_plots)}"
        )


@users.command()
@click.argument("username")
@click.pass_obj
def enable(storage: str, username: str) -> None:
    """Enable an account again."""
    with open_domain(storage) as domain:
        account = domain.accounts.change(username, disabled=False)
        _audit(domain, "account.enable", username)
        click.echo(describe_account(account))


@admin.group()
def keys() -> None:
    """List and revoke API keys."""


@keys.command("list")
@click.argument("username")
@click.pass_obj
def list_keys(storage: str, username: str) -> None:
    """List the API keys of an account."""
    with open_domain(storage) as domain:
        domain.accounts.get(username)
        for key in domain.keys.page(username, "", PAGE):
            click.echo(f"{key.id}  {key.created}  {key.used or 'never used'}  {key.name}")


@keys.command()
@click.argument("username")
@click.argument("key", required=False)
@click.option("--all", "everything", is_flag=True, help="All keys, share links and sessions of the account.")
@click.pass_obj
def revoke(storage: str, username: str, key: str | None, everything: bool) -> None:
    """Revoke an API key, or all credentials of an account."""
    if (key is None) != everything:
        raise click.UsageError("Give a key, or --all.")
    with open_domain(storage) as domain:
        domain.accounts.get(username)
        count = 1
        if key is not None:
            domain.keys.revoke(username, key)
        else:
            count = sum(domain.credentials.revoke_all(kind, username) for kind in (PERSONAL, SHARE))
            count += domain.sessions.end_all(username)
        _audit(domain, "keys.revoke", username, key=key or "all")
        click.echo(
            f"Revoked: {count}. Without Redis, services may accept a key for up to half a minute more."
        )


@admin.command("login-link")
@click.argument("username")
@click.option(
    "--url", envvar="BOKEH_CLOUD_PUBLIC_URL", help="Address of the cloud; default: that of its last start."
)
@click.pass_obj
def login_link(storage: str, username: str, url: str | None) -> None:
    """Print a login link, for a user who cannot receive mail.

    It works once, within a quarter of an hour.
    """
    with open_domain(storage) as domain:
        account = domain.accounts.get(username)
        _audit(domain, "login.link", username)
        secret = domain.links.create(LOGIN, account.email, username, account.epoch)
        address = url or domain.repository.public_url() or DEFAULT_URL
        click.echo(f"{address.rstrip('/')}/login/{secret}")


@admin.group("secrets")
def stored_secrets() -> None:
    """Rotate the secrets that are stored."""


@stored_secrets.command()
@click.option("--at-once", is_flag=True, help="Reject the old key at once, since it has leaked.")
@click.pass_obj
def rotate(storage: str, at_once: bool) -> None:
    """Replace the key that signs view tokens.

    Servers need no restart. Open pages go on: the old key is accepted for as long as a view token that it
    signed is valid, unless --at-once is given; then pages that are open have to be reloaded.
    """
    with open_domain(storage) as domain:
        if at_once:
            domain.signing_keys.replace_all()
            click.echo("There is a new key. Servers reject the old one within a minute; reload open pages.")
        else:
            ends = format_timestamp(domain.signing_keys.rotate())
            click.echo(f"There is a new key. The old one is accepted until {ends}.")


@admin.command("service-tokens")
def service_tokens() -> None:
    """Print new service tokens.

    They are printed as settings of the services and of the auth service.
    """
    tokens = {name: new_secret(SERVICE) for name in SERVICE_SCOPES}
    click.echo("# for the auth service")
    click.echo(f"BOKEH_CLOUD_SERVICE_TOKENS={' '.join(f'{name}={token}' for name, token in tokens.items())}")
    for name, token in tokens.items():
        click.echo(f"# for the {name} service\nBOKEH_CLOUD_SERVICE_TOKEN={token}")


def _audit(domain: AccountDomain, action: str, user: str, **facts: Any) -> None:
    domain.audit.record(action, user, "", "done", by=OPERATOR, **facts)


def _limit(text: str, has_units: bool) -> int | None:
    if text == "default":
        return None
    if text.isdecimal():
        return int(text)
    size = SIZE.fullmatch(text.strip()) if has_units else None
    if size is None:
        raise click.UsageError(
            f"{text!r} is neither an integer{', a size' if has_units else ''} nor 'default'."
        )
    return round(float(size[1]) * UNITS[size[2].lower()])


def _quota_text(limit: int | None) -> str:
    return "default" if limit is None else str(limit)


def describe_account(account: Account) -> str:
    """Return the line of an account in a list."""
    state = "  deleted" if account.closed else "  disabled" if account.disabled else ""
    return f"{account.user_id}  {account.email}  {account.created}{state}"
