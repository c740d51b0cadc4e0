"""`servers list|add|remove|default`: nicknames of servers, in servers.cfg."""

import click

from bokeh_cloud.commands import options
from bokeh_cloud.commands.output import echo_list
from bokeh_cloud.config import Configuration


@click.group()
def servers() -> None:
    """Manage nicknames, which can replace the URLs of servers."""


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
@click.option("--key", "has_key", is_flag=True, help="Ask for an API key, and store it with the URL.")
def add(nickname: str, url: str, has_key: bool) -> None:
    """Add NICKNAME for the server at URL."""
    key = click.prompt("API key", hide_input=True).strip() if has_key else None
    Configuration.load().servers.add(nickname, url, key)


@servers.command()
@click.argument("nickname")
def remove(nickname: str) -> None:
    """Remove NICKNAME and its API key."""
    Configuration.load().servers.remove(nickname)


@servers.command()
@click.argument("nickname")
def default(nickname: str) -> None:
    """Use NICKNAME if no server is given."""
    Configuration.load().servers.set_default(nickname)
