"""The command `bokeh-cloud admin bokehjs`: manages the versions of BokehJS in the storage."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from bokeh_common.errors import CloudError
from bokeh_common.storage import BlobStore, open_blobs, require_storage
from bokeh_web.bokehjs import download
from bokeh_web.bokehjs.versions import BokehJSVersions


@contextmanager
def _open_blobs(storage: str) -> Iterator[BlobStore]:
    """Open the storage; its errors become those of the command."""
    try:
        require_storage(storage)
        yield open_blobs(storage, "web")
    except CloudError as error:
        raise click.ClickException(str(error)) from None


@click.group()
def bokehjs() -> None:
    """List, add and remove versions of BokehJS.

    A plot is shown with the version that it was made with.
    """


@bokehjs.command("list")
@click.pass_obj
def list_versions(storage: str) -> None:
    """List the installed and the added versions."""
    with _open_blobs(storage) as blobs:
        for version in BokehJSVersions(None, blobs).list():
            click.echo(version)


@bokehjs.command("add")
@click.argument("version")
@click.option(
    "--wheel",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Path of a wheel of Bokeh, if pip cannot download one.",
)
@click.pass_obj
def add_version(storage: str, version: str, wheel: Path | None) -> None:
    """Add a version, such as 3.4.3.

    Running servers use it within a minute.
    """
    with _open_blobs(storage) as blobs:
        files = download.add(blobs, version, wheel)
    click.echo(f"Added BokehJS {version}: {', '.join(sorted(files))}.")


@bokehjs.command("remove")
@click.argument("version")
@click.pass_obj
def remove_version(storage: str, version: str) -> None:
    """Remove a version that was added."""
    with _open_blobs(storage) as blobs:
        download.remove(blobs, version)
    click.echo(f"Removed BokehJS {version}.")
