"""The command `bokeh-cloud admin bokehjs`: which versions of BokehJS the server has."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from bokeh_common.errors import CloudError
from bokeh_common.storage import BlobStore, open_blobs
from bokeh_web import bundles
from bokeh_web.bokehjs import BokehJS


@contextmanager
def _opened(storage: str) -> Iterator[BlobStore]:
    try:
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
    """List the versions that are installed and that were added."""
    with _opened(storage) as blobs:
        for version in BokehJS(None, blobs).versions:
            click.echo(version)


@bokehjs.command("add")
@click.argument("version")
@click.option(
    "--wheel",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A wheel of Bokeh that is here already, where pip can fetch none.",
)
@click.pass_obj
def add_version(storage: str, version: str, wheel: Path | None) -> None:
    """Add a version, such as 3.4.3.

    Running servers have it a minute later.
    """
    with _opened(storage) as blobs:
        files = bundles.add(blobs, version, wheel)
    click.echo(f"Added BokehJS {version}: {', '.join(sorted(files))}.")


@bokehjs.command("remove")
@click.argument("version")
@click.pass_obj
def remove_version(storage: str, version: str) -> None:
    """Remove a version that was added."""
    with _opened(storage) as blobs:
        bundles.remove(blobs, version)
    click.echo(f"Removed BokehJS {version}.")
