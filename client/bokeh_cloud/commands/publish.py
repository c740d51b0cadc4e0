"""`publish`: a script, a notebook or a document, as it is."""

import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from ..errors import CloudError
from ..plot import Plot
from ..server import Server, connect
from ..times import moment
from . import options
from .plots import described
from .printing import echo_json

POLL = 0.5  # seconds between two looks at the files


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--name", help="What to publish it as; default: what the script calls its file, or FILE itself."
)
@click.option("--public", is_flag=True, help="Let everybody see it.")
@click.option("--expires", metavar="WHEN", help="Print a share link that ends then: 7d, 2027-01-31 ...")
@click.option("--watch", is_flag=True, help="Publish again whenever a .py file beside it, or FILE, changes.")
@options.url
@options.as_json
@options.quiet
def publish(file: Path, arguments: tuple[str, ...], watch: bool, **how: Any) -> None:
    """Run a Bokeh script and publish what it shows.

    The script FILE needs no change: what its show and save would show is published. ARGUMENTS are the
    script's. A second plot of it is published as NAME-2, and so on. FILE can be a notebook (.ipynb) too, or a
    document as Document.to_json() makes it (.json).
    """
    if how["expires"]:
        moment(how["expires"])  # refuse what is no time before anything runs
    if watch:
        _watch(file)
    else:
        _publish(file, arguments, **how)


def _publish(
    file: Path, arguments: tuple[str, ...], name: str | None, public: bool, expires: str | None,
    url: str | None, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    server = connect(url)
    found: dict[str, Plot] = {}

    def take(as_name: str, obj: Any, title: str | None) -> None:
        plot = _published(server, obj, as_name, title, public)
        plot.unchanged &= (
            as_name not in found or found[as_name].unchanged
        )  # shown twice, and new the first time
        found[as_name] = plot

    _run(file, arguments, name, take)
    addresses = {key: (plot.share(expires).url if expires else plot.url) for key, plot in found.items()}
    if as_json:
        echo_json(
            [
                {**described(plot), "url": addresses[key], "unchanged": plot.unchanged}
                for key, plot in found.items()
            ]
        )
        return
    for key, plot in found.items():
        click.echo(addresses[key] if quiet else f"{key}, {_state(plot)}: {addresses[key]}")


def _run(file: Path, arguments: Sequence[str], name: str | None, take: Callable[..., None]) -> None:
    """Publish what a file shows; an error of its own is told as Python tells it, and ends this program."""
    from ..scripts import publish_file

    try:
        publish_file(file, arguments, name, take)
    except CloudError:
        raise
    except Exception as error:  # noqa: BLE001 - a script may raise anything
        traceback.print_exception(type(error), error, _of_script(error, file))
        sys.exit(1)


def _of_script(error: Exception, file: Path) -> TracebackType | None:
    """Return the part of the traceback that begins in the script; all of it where the script has no part."""
    found = error.__traceback__
    while found is not None and found.tb_frame.f_code.co_filename != str(file):
        found = found.tb_next
    return found or (None if isinstance(error, SyntaxError) else error.__traceback__)


def _published(server: Server, obj: Any, name: str, title: str | None, public: bool) -> Plot:
    plot = server.publish(obj, name, title=title)
    if public and plot.visibility != "public":
        plot.visibility = "public"
    return plot


def _state(plot: Plot) -> str:
    return f"version {plot.version}, unchanged" if plot.unchanged else f"version {plot.version}"


def _watch(file: Path) -> None:
    """Publish in a process of its own each time, so that what the script imports is read again too."""
    command = [sys.executable, "-m", "bokeh_cloud", *(part for part in sys.argv[1:] if part != "--watch")]
    before: dict[Path, float] = {}
    try:
        while True:
            now = _changed_at(file)
            if now != before:
                before = now
                subprocess.run(command, check=False)  # noqa: S603 - this very command
                click.echo(f"Watching {file}; Ctrl+C ends it.", err=True)
            time.sleep(POLL)
    except KeyboardInterrupt:
        pass


def _changed_at(file: Path) -> dict[Path, float]:
    watched = [file, *file.resolve().parent.glob("*.py")]
    return {path: path.stat().st_mtime for path in watched if path.is_file()}
