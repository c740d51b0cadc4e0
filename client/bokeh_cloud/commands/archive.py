"""`export`, `import`: plots as a folder."""

from pathlib import Path

import click

from bokeh_cloud.commands import options
from bokeh_cloud.server import connect


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.argument("names", nargs=-1)
@options.url
def export(folder: Path, names: tuple[str, ...], url: str | None) -> None:
    """Write plots with their versions and data into a folder.

    Without NAMES, all plots are exported. DIR is a web site: `python -m http.server --directory DIR` shows
    the plots without a Bokeh Cloud.
    """
    for plot in connect(url).export(folder, names):
        click.echo(f"{plot.name}, version {plot.version}")


@click.command("import")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False, exists=True))
@options.url
def import_(folder: Path, url: str | None) -> None:
    """Publish the plots that export wrote to DIR.

    Their names, versions and data do not change.
    """
    for plot in connect(url).import_(folder):
        click.echo(f"{plot.name}, version {plot.version}: {plot.url}")
