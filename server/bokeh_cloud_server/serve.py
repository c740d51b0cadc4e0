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

from bokeh_auth.audit_log import print_audit_log
from bokeh_auth.mail.transports import SmtpTransport
from bokeh_auth.settings import Settings
from bokeh_cloud_server import embedded, gc_process, interrupts, keyless_lock
from bokeh_cloud_server.adopt import has_accounts
from bokeh_cloud_server.loopback_guard import is_loopback
from bokeh_common import metrics
from bokeh_common.errors import CloudError
from bokeh_common.http.server.draining import stop_seconds
from bokeh_common.http.server.process_settings import (
    KEEPALIVE_SECONDS,
    WORKER_CLASS,
    WORKER_TIMEOUT_SECONDS,
    min_bytes_per_second,
    request_seconds,
    thread_count,
)
from bokeh_common.http.server.served_app import ServedApp
from bokeh_common.logs import FORMATS, configure_logging
from bokeh_common.redaction import redact_logs
from bokeh_common.storage import is_empty, open_blobs, open_records

#: How long a key that was revoked by `bokeh-cloud admin`, in another process, may be accepted.
CACHE_SECONDS = 1

DEFAULT_PORT = 5006

GUNICORN_OPTIONS = {
    "worker_class": WORKER_CLASS,
    "keepalive": KEEPALIVE_SECONDS,
    "timeout": WORKER_TIMEOUT_SECONDS,
    "loglevel": "warning",
    "control_socket_disable": True,
}


class GunicornServer(BaseApplication):
    """Gunicorn with one worker, in which all services run on one event loop."""

    def __init__(
        self, storage: str, auth: Settings, options: dict[str, Any], log_format: str | None = None
    ) -> None:
        self._storage = storage
        self._auth = auth
        self._options = options
        self._log_format = log_format
        super().__init__()

    def load_config(self) -> None:
        """Use the options instead of gunicorn's command line and configuration files."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Create the app, in the worker process."""
        print_audit_log()
        if self._log_format:
            configure_logging(self._log_format)
        else:
            interrupts.hide_unfinished_requests()
        redact_logs()
        app = ServedApp(embedded.create_app(self._storage, self._auth))
        gc_process.start(self._storage)
        return app


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The loopback address to listen on.")
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
@click.option("--samples/--no-samples", default=True, help="Publish sample plots if there are no plots.")
@click.option(
    "--accounts/--no-accounts",
    envvar="BOKEH_CLOUD_ACCOUNTS",
    help="Let people register, and require API keys.",
)
@click.option(
    "--log",
    "log_format",
    envvar="BOKEH_CLOUD_LOG",
    type=click.Choice(FORMATS),
    is_flag=False,
    flag_value="text",
    help="Print a line for each request, as text or as json.",
)
@click.option(
    "--metrics/--no-metrics",
    "has_metrics",
    default=None,
    help="Serve /metrics for Prometheus to whoever can reach this server  [default: without --accounts only]",
)
@click.option(
    "--insecure-allow-remote",
    "remote",
    is_flag=True,
    envvar="BOKEH_CLOUD_INSECURE_ALLOW_REMOTE",
    help="Allow a --host that other machines can reach, without encryption.",
)
def serve(
    host: str, port: int, storage: str | None, samples: bool, accounts: bool, log_format: str | None,
    has_metrics: bool | None, remote: bool,
) -> None:  # fmt: skip
    """Start a Bokeh Cloud on this machine.

    Without --accounts, it serves browsers and programs of this machine only, without API keys.
    """
    _check_host(host, accounts, remote)
    storage = storage or f"local://{Path.home() / '.local/share/bokeh-cloud'}"
    _check_port(host, port)
    is_new = _check_storage(storage)
    url = f"http://{'localhost' if host == '127.0.0.1' else host}:{port}"

    auth = replace(_auth_settings(storage, accounts, url), allow_remote=remote)
    _check_settings(storage, auth)

    if not accounts:
        keyless_lock.hold(storage)
        samples &= not _warn_of_accounts(storage)
    children: list[subprocess.Popen[bytes]] = []
    if not accounts if has_metrics is None else has_metrics:
        metrics.collect_in_memory()

    def when_ready(arbiter: Any) -> None:
        interrupts.end_on_second_interrupt(arbiter)
        click.echo(f"Bokeh Cloud is running at {url} (Ctrl+C stops it)")
        click.echo(f"{'A new, empty storage was created' if is_new else 'Its data are'} in {storage}")
        if accounts:
            mail = "your mail server" if auth.smtp_url else f"files in {auth.outbox}"
            click.echo(f"Sign up at {url}/register; mail goes to {mail}")
        if samples and not accounts:
            children.append(_publish_samples(url))

    def on_exit(_: object) -> None:
        for child in children:
            child.terminate()

    os.environ.setdefault("BOKEH_CLOUD_DRAIN_SECONDS", "0")  # there is no gateway
    os.environ.setdefault("BOKEH_CLOUD_GRACE_SECONDS", "1")
    options = {
        "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "when_ready": when_ready,
        "on_exit": on_exit,
        "graceful_timeout": stop_seconds(),
    }
    GunicornServer(storage, auth, {**GUNICORN_OPTIONS, **options}, log_format).run()


def _warn_of_accounts(storage: str) -> bool:
    """Say how to serve the accounts of a storage, if there are any; return whether there are."""
    if found := has_accounts(storage):
        click.echo("This storage has accounts. To serve their plots, start with --accounts.", err=True)
    return found


def _publish_samples(url: str) -> "subprocess.Popen[bytes]":
    """Start to publish the samples, in a process that Ctrl+C does not interrupt with a traceback.

    Workers are forked from this process, which should not import Bokeh.
    """
    command = [sys.executable, "-m", "bokeh_cloud_server.samples", url]
    return subprocess.Popen(command, start_new_session=True)  # noqa: S603  # a module of this package


def _auth_settings(storage: str, accounts: bool, url: str) -> Settings:
    environ = {"BOKEH_CLOUD_PUBLIC_URL": url, **os.environ, "BOKEH_CLOUD_STORAGE": storage}
    folder = storage.removeprefix("local://") if storage.startswith("local://") else "."
    environ.setdefault("BOKEH_CLOUD_OUTBOX", str(Path(folder) / "outbox"))
    try:
        settings = Settings.from_env(environ)
        if settings.smtp_url:
            SmtpTransport.from_url(settings.smtp_url)
    except CloudError as error:
        raise click.ClickException(str(error)) from None
    # Revocations by `bokeh-cloud admin`, in another process, are noticed when the cache expires.
    return replace(settings, accounts=accounts, cache_seconds=CACHE_SECONDS)


def _check_host(host: str, accounts: bool, remote: bool) -> None:
    if is_loopback(host):
        return
    if not remote:
        raise click.ClickException(
            "This server listens on loopback addresses only: use --host 127.0.0.1, and a proxy with TLS. "
            "In a trusted network, --insecure-allow-remote allows other addresses."
        )
    no_accounts = "Anyone who can reach this server can read, change and delete everything in it."
    unencrypted = "Keys, sessions and data are sent unencrypted: put a proxy with TLS in front."
    click.secho(f"WARNING: {unencrypted if accounts else no_accounts}", fg="red", bold=True, err=True)


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = (
                f"Cannot listen on {host}, port {port} ({error.strerror}); choose another one with --port."
            )
            raise click.ClickException(message) from None


def _check_storage(storage: str) -> bool:
    """Return whether a storage is new, as if its URL is misspelled."""
    try:
        is_new = is_empty(storage)
        open_records(storage, "auth")
        open_blobs(storage, "data")
    except (CloudError, ImportError) as error:
        raise click.ClickException(f"The storage {storage} cannot be used. {error}") from None
    return is_new


def _check_settings(storage: str, auth: Settings) -> None:
    try:
        # Without accounts, since with accounts the auth service starts a thread, and this process forks.
        embedded.create_services(storage, replace(auth, accounts=False))
        for read in (thread_count, stop_seconds, request_seconds, min_bytes_per_second):
            read()  # workers read them too, but could not report an error
    except CloudError as error:
        raise click.ClickException(f"A setting is not valid. {error}") from None
