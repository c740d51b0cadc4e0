"""`publish`: runs an unchanged script, notebook or document, and publishes its plots."""

import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from bokeh_cloud.commands import options
from bokeh_cloud.commands.output import echo_json
from bokeh_cloud.commands.plots import plot_fields
from bokeh_cloud.errors import CloudError
from bokeh_cloud.expiry import parse_expiry
from bokeh_cloud.plots.file_watcher import run_on_save
from bokeh_cloud.plots.plot import Plot
from bokeh_cloud.server import Server, connect


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--name", help="Name of the plot; default: that of the script's output file, or of FILE.")
@click.option("--public", is_flag=True, help="Make it public.")
@click.option("--expires", metavar="WHEN", help="Print a share link that expires: 7d, 2027-01-31 ...")
@click.option("--strict", is_flag=True, help="Fail if a published plot will not do all that it does now.")
@click.option("--watch", is_flag=True, help="Publish again when FILE, or a .py file beside it, is saved.")
@options.url
@options.as_json
@options.quiet
def publish(file: Path, arguments: tuple[str, ...], watch: bool, **how: Any) -> None:
    """Run a Bokeh script and publish what it shows.

    The script FILE needs no changes: the objects that it passes to show and save are published. ARGUMENTS are
    those of the script. A second plot is published as NAME-2, and so on. FILE can also be a notebook
    (.ipynb), or a document in the format of Document.to_json() (.json).
    """
    if how["expires"]:
        parse_expiry(how["expires"])  # raises before anything runs
    if watch:
        _watch(file)
    else:
        _publish(file, arguments, **how)


def _publish(
    file: Path, arguments: tuple[str, ...], name: str | None, public: bool, expires: str | None,
    url: str | None, as_json: bool, quiet: bool, strict: bool,
) -> None:  # fmt: skip
    server = connect(url)
    plots: dict[str, Plot] = {}
    changed: set[str] = set()  # by any of several calls

    def publish_plot(plot_name: str, obj: Any, title: str | None) -> None:
        plots[plot_name] = plot = _publish_object(server, obj, plot_name, title, public, strict)
        if not plot.unchanged:
            changed.add(plot_name)

    # What the script prints itself must not be between what programs read.
    with redirect_stdout(sys.stderr) if as_json or quiet else nullcontext():
        _run(file, arguments, name, publish_plot)
    urls = {key: (plot.share(expires).url if expires else plot.url) for key, plot in plots.items()}
    if as_json:
        echo_json(
            [
                {**plot_fields(plot), "url": urls[key], "unchanged": key not in changed}
                for key, plot in plots.items()
            ]
        )
        return
    for key, plot in plots.items():
        click.echo(urls[key] if quiet else f"{key}, {_describe_version(plot, key in changed)}: {urls[key]}")


def _run(file: Path, arguments: Sequence[str], name: str | None, publish: Callable[..., None]) -> None:
    """Publish the plots of a file; an exception of the script is printed as by Python, and exits."""
    from bokeh_cloud.integration.scripts import publish_file

    try:
        publish_file(file, arguments, name, publish)
    except CloudError:
        raise
    except Exception as error:  # noqa: BLE001 - a script may raise anything
        traceback.print_exception(type(error), error, _script_traceback(error, file))
        sys.exit(1)


def _script_traceback(error: Exception, file: Path) -> TracebackType | None:
    """Return the traceback from the frame of the script on; all of it if the script has no frame."""
    found = error.__traceback__
    while found is not None and found.tb_frame.f_code.co_filename != str(file):
        found = found.tb_next
    return found or (None if isinstance(error, SyntaxError) else error.__traceback__)


def _publish_object(
    server: Server, obj: Any, name: str, title: str | None, public: bool, strict: bool
) -> Plot:
    plot = server.publish(obj, name, title=title, strict=strict)
    if public and plot.visibility != "public":
        plot.visibility = "public"
    return plot


def _describe_version(plot: Plot, is_changed: bool) -> str:
    return f"version {plot.version}" if is_changed else f"version {plot.version}, unchanged"


def _watch(file: Path) -> None:
    """Publish in a new process after each change, by this command without `--watch`."""
    arguments = sys.argv[1:]
    end = arguments.index("--") if "--" in arguments else len(arguments)
    ours = [argument for argument in arguments[:end] if argument != "--watch"]
    command = [sys.executable, "-m", "bokeh_cloud", *ours, *arguments[end:]]
    run_on_save(file, command, lambda line: click.echo(line, err=True))
