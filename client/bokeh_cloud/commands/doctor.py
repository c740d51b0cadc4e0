"""`doctor`: what a bug report needs, without secrets."""

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

from bokeh_cloud.commands import options
from bokeh_cloud.commands.output import echo_fields
from bokeh_cloud.config import Configuration
from bokeh_cloud.errors import CloudError
from bokeh_cloud.server import connect

DISTRIBUTIONS = (
    "bokeh-cloud", "bokeh-cloud-server", "bokeh", "blake3", "click", "numpy", "pandas", "polars", "pyarrow",
    "requests", "tqdm", "urllib3", "keyring", "ipython",
)  # fmt: skip
FILES = ("config", "cloud.cfg", "servers.cfg")
SECRET_VARIABLES = ("KEY", "TOKEN", "SECRET", "PASSWORD", "SMTP", "STORAGE")  # parts of their names


@click.command()
@options.url
@options.as_json
def doctor(url: str | None, as_json: bool) -> None:
    """Show versions, files, settings and the server's response.

    The output contains no API key, and can be posted.
    """
    fields = {"python": f"{platform.python_version()} ({sys.executable})", "system": platform.platform()}
    fields.update(_installed_versions())
    fields["node"] = which("node") or "not found (needed for custom models only)"
    configuration = Configuration.load()
    fields.update(_file_permissions(configuration))
    fields.update(_environment())
    fields["settings"] = _call(lambda: str(configuration.general))
    fields["nicknames"] = _call(
        lambda: ", ".join(f"{entry.nickname}: {entry.url}" for entry in configuration.servers.entries)
    )
    fields.update(_check_server(url))
    echo_fields(fields, as_json)


def _installed_versions() -> Iterator[tuple[str, str]]:
    for name in DISTRIBUTIONS:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "not installed"


def _file_permissions(configuration: Configuration) -> Iterator[tuple[str, str]]:
    for name in FILES:
        path = configuration.folder.where(name)
        try:
            permissions = stat.filemode(Path(path).stat().st_mode)
        except OSError as error:
            permissions = error.strerror or "cannot be read"
        yield path, permissions


def _environment() -> Iterator[tuple[str, str]]:
    for name, value in sorted(os.environ.items()):
        if name.startswith("BOKEH_"):
            yield name, "(set)" if any(part in name for part in SECRET_VARIABLES) else value


def _check_server(url: str | None) -> dict[str, Any]:
    try:
        server = connect(url)
    except CloudError as error:
        return {"server": str(error)}
    fields = {"server": server.url, "api key": "yes" if server.connection.has_key else "no"}
    return {**fields, "answer": _call(lambda: f"you are {server.user_id!r}"), "clock": _call(server.clock)}


def _call(function: Callable[[], str]) -> str:
    """Return the result of a function, or the message of its error."""
    try:
        return function()
    except CloudError as error:
        return str(error)
