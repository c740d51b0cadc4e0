"""The commands ``bokeh-cloud storage check`` and ``bokeh-cloud storage copy``."""

import sys
import time

import click

from bokeh_common.errors import CloudError
from bokeh_common.storage import is_empty
from bokeh_common.storage.check import check as run_checks
from bokeh_common.storage.copy import CopyProgress
from bokeh_common.storage.copy import copy as copy_all

PROGRESS_SECONDS = 0.5


@click.group()
def storage() -> None:
    """Check a storage, or copy one to another.

    A storage is a URL: local:///folder, redis://host:6379/0, or azure://container with the account in the
    AZURE_STORAGE_* variables.
    """


@storage.command()
@click.argument("url", envvar="BOKEH_CLOUD_STORAGE")
def check(url: str) -> None:
    """Check the storage at URL, and print what is wrong with it."""
    passed = True
    for result in run_checks(url):
        passed = passed and result.passed
        click.echo(f"{'ok    ' if result.passed else 'FAILED'}  {result.name:17} {result.detail}")
    sys.exit(0 if passed else 1)


@storage.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> None:
    """Copy the whole storage FROM to the storage TO.

    If it is interrupted, start it again: what is in TO already with the same SHA-256 is skipped. Nothing is
    deleted in TO, so use an empty one for a backup. Stop the services that write to FROM before, as what they
    write during the copy may be copied in part.
    """
    printer = _ProgressPrinter()
    try:
        if not is_empty(target):
            text = f"{target} is not empty: what it has and {source} does not have stays there."
            click.echo(text, err=True)
        done = copy_all(source, target, printer.update)
    except (CloudError, ImportError) as error:
        raise click.ClickException(str(error)) from None
    printer.finish(done)
    click.echo("Everything is copied and verified." if done.copied else "Everything was copied before.")


class _ProgressPrinter:
    """Prints the progress of a copy: on a terminal twice a second, otherwise at the end."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._printed = self._started

    def update(self, progress: CopyProgress) -> None:
        if sys.stdout.isatty() and time.monotonic() - self._printed > PROGRESS_SECONDS:
            self._printed = time.monotonic()
            click.echo(f"\r{self._text(progress)}", nl=False)

    def finish(self, progress: CopyProgress) -> None:
        click.echo(f"\r{self._text(progress)}" if sys.stdout.isatty() else self._text(progress))

    def _text(self, progress: CopyProgress) -> str:
        rate = progress.copied_bytes / 1e6 / max(time.monotonic() - self._started, 1e-3)
        objects = f"{progress.blobs} blobs and {progress.records} records"
        copied = f"{progress.copied_bytes / 1e6:.1f} MB at {rate:.0f} MB/s"
        return f"{objects}, {progress.copied} of them new; {copied}"
