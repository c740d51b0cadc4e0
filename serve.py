"""The command `bokeh-cloud serve`: the embedded cloud under gunicorn."""

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from gunicorn.app.base import BaseApplication

import collecting
import embedded
from bokeh_auth.audit import print_audit
from bokeh_auth.post import SmtpServer
from bokeh_auth.settings import Settings
from bokeh_common.errors import CloudError
from bokeh_common.http.draining import drain_seconds
from bokeh_common.http.loopback import is_loopback
from bokeh_common.http.processes import (
    KEEPALIVE_SECONDS,
    REQUEST_LINE,
    WORKER,
    allow_long_lines,
    thread_count,
)
from bokeh_common.http.receiving import patience_seconds, slowest
from bokeh_common.storage import open_blobs, open_records

#: For how long a key that was revoked in another process, by `bokeh-cloud admin`, may still work.
REMEMBERED_SECONDS = 1

DEFAULT_PORT = 5006


class Server(BaseApplication):
    """One gunicorn worker with threads: the services call each other on the thread of the request."""

    def __init__(self, storage: str, auth: Settings, options: dict[str, Any]) -> None:
        self._storage = storage
        self._auth = auth
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Take the options instead of gunicorn's command line and files."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Make the app, in the worker."""
        print_audit()
        app = embedded.create_app(self._storage, self._auth)
        collecting.start(self._storage)
        return app


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; a loopback one.")
@click.option(
    "--port",
    default=DEFAULT_PORT,
    type=click.IntRange(0, 65535),
    show_default=True,
    help="Port to listen on.",
)
@click.option(
    "--storage", envvar="BOKEH_CLOUD_STORAGE", help="Storage URL  [default: local:// in ~/.local/share]"
)
@click.option("--samples/--no-samples", default=True, help="Publish sample plots when there are no plots.")
@click.option(
    "--accounts/--no-accounts",
    envvar="BOKEH_CLOUD_ACCOUNTS",
    help="Have people register, and demand API keys.",
)
@click.option(
    "--insecure-allow-remote",
    "remote",
    is_flag=True,
    envvar="BOKEH_CLOUD_INSECURE_ALLOW_REMOTE",
    help="Let --host be an address of other machines' network, unencrypted as it is.",
)
def serve(host: str, port: int, storage: str | None, samples: bool, accounts: bool, remote: bool) -> None:
    """Start a Bokeh Cloud on this machine.

    Without keys, for you alone; or with accounts.
    """
    _check_host(host, accounts, remote)
    storage = storage or f"local://{Path.home() / '.local/share/bokeh-cloud'}"
    _check_port(host, port)
    _check_storage(storage)
    url = f"http://{'localhost' if host == '127.0.0.1' else host}:{port}"

    auth = replace(_auth_settings(storage, accounts, url), allow_remote=remote)
    _check_settings(storage, auth)

    def when_ready(_: object) -> None:
        click.echo(f"Bokeh Cloud is running at {url} (Ctrl+C stops it)\nIts data are in {storage}")
        if accounts:
            mail = "your mail server" if auth.smtp_url else f"files in {auth.outbox}"
            click.echo(f"Sign up at {url}/register; mail goes to {mail}")
        if samples and not accounts:
            # A process of its own: this one, which workers are forked from, stays without threads and Bokeh.
            subprocess.Popen([sys.executable, "-m", "bokeh_cloud.samples", url])  # noqa: S603  # our own module

    options = {
        "bind": f"{host}:{port}" if ":" not in host else f"[{host}]:{port}",
        "limit_request_line": REQUEST_LINE,
        "worker_class": WORKER,
        "threads": thread_count(),
        "keepalive": KEEPALIVE_SECONDS,
        "loglevel": "warning",
        "when_ready": when_ready,
        "control_socket_disable": True,
    }
    allow_long_lines()
    os.environ.setdefault("BOKEH_CLOUD_DRAIN_SECONDS", "0")  # there is no gateway to be told
    Server(storage, auth, options).run()


def _auth_settings(storage: str, accounts: bool, url: str) -> Settings:
    environ = {"BOKEH_CLOUD_PUBLIC_URL": url, **os.environ, "BOKEH_CLOUD_STORAGE": storage}
    folder = storage.removeprefix("local://") if storage.startswith("local://") else "."
    environ.setdefault("BOKEH_CLOUD_OUTBOX", str(Path(folder) / "outbox"))
    try:
        settings = Settings.from_env(environ)
        if settings.smtp_url:
            SmtpServer.from_url(settings.smtp_url)
    except CloudError as error:
        raise click.ClickException(str(error)) from None
    # This process hears at once of what it revokes itself; `bokeh-cloud admin` is another one.
    return replace(settings, accounts=accounts, remembered=REMEMBERED_SECONDS)


def _check_host(host: str, accounts: bool, remote: bool) -> None:
    if is_loopback(host):
        return
    if not remote:
        raise click.ClickException(
            "This server listens on this machine only; use --host 127.0.0.1, and a proxy with TLS in front. "
            "In a network where you trust everybody, --insecure-allow-remote listens on other addresses too."
        )
    everybody = "Everybody who reaches this server owns all that is in it: there are no keys."
    readable = "Keys, sessions and data travel unencrypted: put a proxy with TLS in front."
    click.secho(f"WARNING: {readable if accounts else everybody}", fg="red", bold=True, err=True)


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"Cannot listen on {host}, port {port} ({error.strerror}); choose one with --port."
            raise click.ClickException(message) from None


def _check_storage(storage: str) -> None:
    try:
        open_records(storage, "auth")
        open_blobs(storage, "data")
    except (CloudError, ImportError) as error:
        raise click.ClickException(f"The storage {storage} cannot be used. {error}") from None


def _check_settings(storage: str, auth: Settings) -> None:
    try:
        embedded.create_app(storage, auth)
        for read in (thread_count, drain_seconds, patience_seconds, slowest):
            read()  # as workers will, who have nobody to tell
    except CloudError as error:
        raise click.ClickException(f"A setting cannot be used. {error}") from None
