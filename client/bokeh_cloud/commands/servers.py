"""`servers list|add|remove|default`: nicknames, in servers.cfg."""

import click

from ..config import Configuration
from . import options
from .printing import echo_list


@click.group()
def servers() -> None:
    """Give servers nicknames, which go wherever a URL goes."""


@servers.command("list")
@options.as_json
def list_(as_json: bool) -> None:
    """List the nicknames."""
    found = [
        {
            "nickname": entry.nickname,
            "url": entry.url,
            "key": "yes" if entry.apikey else "no",
            "default": "yes" if entry.is_default else "no",
        }
        for entry in Configuration.load().servers.entries
    ]
    echo_list(found, as_json, ("nickname", "url", "key", "default"), "No nicknames yet.")


@servers.command()
@click.argument("nickname")
@click.argument("url")
@click.option("--key", "ask", is_flag=True, help="Ask for an API key, to be kept beside it.")
def add(nickname: str, url: str, ask: bool) -> None:
    """Call the server at URL by NICKNAME."""
    key = click.prompt("API key", hide_input=True).strip() if ask else None
    Configuration.load().servers.add(nickname, url, key)


@servers.command()
@click.argument("nickname")
def remove(nickname: str) -> None:
    """Forget NICKNAME, and the key beside it."""
    Configuration.load().servers.remove(nickname)


@servers.command()
@click.argument("nickname")
def default(nickname: str) -> None:
    """Mean NICKNAME wherever no server is named."""
    Configuration.load().servers.set_default(nickname)
