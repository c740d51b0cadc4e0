"""The command `bokeh-cloud serve`: the embedded cloud under gunicorn."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
from gunicorn.app.base import BaseApplication

import embedded
from bokeh_common.errors import CloudError
from bokeh_common.http.loopback import is_loopback

DEFAULT_PORT = 5006
THREADS = 16


class Server(BaseApplication):
    """One gunicorn worker with threads: the services call each other on the thread of the request."""

    def __init__(self, storage: str, options: dict[str, Any]) -> None:
        self._storage = storage
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Take the options instead of gunicorn's command line and files."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Make the app, in the worker."""
        return embedded.create_app(self._storage)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; a loopback one.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="Port to listen on.")
@click.option(
    "--storage", envvar="BOKEH_CLOUD_STORAGE", help="Storage URL  [default: local:// in ~/.local/share]"
)
@click.option("--samples/--no-samples", default=True, help="Publish sample plots when there are no plots.")
def serve(host: str, port: int, storage: str | None, samples: bool) -> None:
    """Start a Bokeh Cloud on this machine, without keys, for you alone."""
    if not is_loopback(host):
        raise click.ClickException(
            "A server without keys listens on this machine only; use --host 127.0.0.1."
        )
    storage = storage or f"local://{Path.home() / '.local/share/bokeh-cloud'}"
    _check_port(host, port)
    _check_storage(storage)
    url = f"http://{'localhost' if host == '127.0.0.1' else host}:{port}"

    def when_ready(_: object) -> None:
        click.echo(f"Bokeh Cloud is running at {url} (Ctrl+C stops it)\nIts data are in {storage}")
        if samples:
            # A process of its own: this one, which workers are forked from, stays without threads and Bokeh.
            subprocess.Popen([sys.executable, "-m", "bokeh_cloud.samples", url])  # noqa: S603  # our own module

    options = {
        "bind": f"{host}:{port}" if ":" not in host else f"[{host}]:{port}",
        "worker_class": "gthread",
        "threads": THREADS,
        "limit_request_line": 0,  # a thousand object ids make a path of 25 KB; gunicorn stops at 8 or nowhere
        "loglevel": "warning",
        "when_ready": when_ready,
        "control_socket_disable": True,
    }
    Server(storage, options).run()


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = (
                f"Cannot listen on port {port} ({os.strerror(error.errno or 0)}); choose one with --port."
            )
            raise click.ClickException(message) from None


def _check_storage(storage: str) -> None:
    try:
        embedded.create_app(storage)
    except CloudError as error:
        raise click.ClickException(f"The storage {storage} cannot be used. {error}") from None
