"""`doctor`: everything that a report of a mistake needs, and no secret."""

import os
import platform
import stat
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shutil import which
from typing import Any

import click

from ..config import Configuration
from ..errors import CloudError
from ..server import connect
from . import options
from .printing import echo_fields

DISTRIBUTIONS = (
    "bokeh-cloud", "bokeh-cloud-server", "bokeh", "blake3", "click", "numpy", "pandas", "polars", "pyarrow",
    "requests", "tqdm", "urllib3", "keyring", "ipython",
)  # fmt: skip
FILES = ("config", "cloud.cfg", "servers.cfg")
SECRETS = ("KEY", "TOKEN", "SECRET", "PASSWORD", "SMTP", "STORAGE")


@click.command()
@options.url
@options.as_json
def doctor(url: str | None, as_json: bool) -> None:
    """Show versions, files, settings and whether the server answers. Safe to post: it shows no key."""
    found = {"python": f"{platform.python_version()} ({sys.executable})", "system": platform.platform()}
    found.update(_installed())
    found["node"] = which("node") or "not found (needed for custom models only)"
    configuration = Configuration.load()
    found.update(_files(configuration))
    found.update(_environment())
    found["settings"] = _said(lambda: str(configuration.general))
    found["nicknames"] = _said(
        lambda: ", ".join(f"{e.nickname}: {e.url}" for e in configuration.servers.entries)
    )
    found.update(_server(url))
    echo_fields(found, as_json)


def _installed() -> Iterator[tuple[str, str]]:
    for name in DISTRIBUTIONS:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "not installed"


def _files(configuration: Configuration) -> Iterator[tuple[str, str]]:
    for name in FILES:
        path = configuration.folder.where(name)
        try:
            rights = stat.filemode(Path(path).stat().st_mode)
        except OSError as error:
            rights = error.strerror or "cannot be read"
        yield path, rights


def _environment() -> Iterator[tuple[str, str]]:
    for name, value in sorted(os.environ.items()):
        if name.startswith("BOKEH_"):
            yield name, "(set)" if any(word in name for word in SECRETS) else value


def _server(url: str | None) -> dict[str, Any]:
    try:
        server = connect(url)
    except CloudError as error:
        return {"server": str(error)}
    found = {"server": server.url, "api key": "yes" if server.connection.has_key else "no"}
    return {**found, "answer": _said(lambda: f"you are {server.user_id!r}"), "clock": _said(server.clock)}


def _said(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except CloudError as error:
        return str(error)
