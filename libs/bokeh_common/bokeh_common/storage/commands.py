"""The commands ``bokeh-cloud storage check`` and ``bokeh-cloud storage copy``."""

import sys
import time

import click

from bokeh_common.errors import CloudError
from bokeh_common.storage.checking import check as findings_of
from bokeh_common.storage.copying import Progress
from bokeh_common.storage.copying import copy as copy_all

TELL_SECONDS = 0.5


@click.group()
def storage() -> None:
    """Check a storage, or copy one to another.

    A storage is a URL: local:///folder, redis://host:6379/0, or azure://container with the account in the
    AZURE_STORAGE_* variables.
    """


@storage.command()
@click.argument("url", envvar="BOKEH_CLOUD_STORAGE")
def check(url: str) -> None:
    """Try out the storage at URL, and say what is wrong with it."""
    good = True
    for finding in findings_of(url):
        good = good and finding.good
        click.echo(f"{'ok    ' if finding.good else 'FAILED'}  {finding.name:17} {finding.detail}")
    sys.exit(0 if good else 1)


@storage.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> None:
    """Copy all that is in the storage FROM to the storage TO.

    Start it again when it was broken off: what is there and the same, by SHA-256, is not copied again.
    Nothing is deleted in TO, so a backup goes into an empty one. Stop the services that write to FROM before,
    or what they write meanwhile may be copied in part.
    """
    teller = _Teller()
    try:
        done = copy_all(source, target, teller.tell)
    except (CloudError, ImportError) as error:
        raise click.ClickException(str(error)) from None
    teller.line(done)
    click.echo("All is copied and verified." if done.copied else "All was there already.")


class _Teller:
    """Says how far the copy is: twice a second on one line of a terminal, at the end elsewhere."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._told = self._begun

    def tell(self, progress: Progress) -> None:
        if sys.stdout.isatty() and time.monotonic() - self._told > TELL_SECONDS:
            self._told = time.monotonic()
            click.echo(f"\r{self._text(progress)}", nl=False)

    def line(self, progress: Progress) -> None:
        click.echo(f"\r{self._text(progress)}" if sys.stdout.isatty() else self._text(progress))

    def _text(self, progress: Progress) -> str:
        rate = progress.copied_bytes / 1e6 / max(time.monotonic() - self._begun, 1e-3)
        seen = f"{progress.blobs} blobs and {progress.records} records"
        return (
            f"{seen}, {progress.copied} of them new; {progress.copied_bytes / 1e6:.1f} MB at {rate:.0f} MB/s"
        )
