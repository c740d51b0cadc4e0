"""`export`, `import`: plots as a folder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from bokeh_cloud.commands import options
from bokeh_cloud.errors import Incomplete
from bokeh_cloud.plots.plot import Plot
from bokeh_cloud.server import connect


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.argument("names", nargs=-1)
@options.url
def export(folder: Path, names: tuple[str, ...], url: str | None) -> None:
    """Write plots with their versions and data into a folder.

    Without NAMES, all plots are exported. DIR is a web site: `python -m http.server --directory DIR` shows
    the plots without a Bokeh Cloud. A plot that is broken on the server is left out and named, and the exit
    code is 6. Running the command again continues an export that was interrupted.
    """
    with _listed(lambda plot: f"{plot.name}, version {plot.version}") as done:
        done += connect(url).export(folder, names)


@click.command("import")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False, exists=True))
@options.url
def import_(folder: Path, url: str | None) -> None:
    """Publish the plots that export wrote to DIR.

    Their names, versions and data do not change. What is damaged is left out and named, and the exit code is
    6. Running the command again continues an import that was interrupted.
    """
    with _listed(lambda plot: f"{plot.name}, version {plot.version}: {plot.url}") as done:
        done += connect(url).import_(folder)


@contextmanager
def _listed(describe: Callable[[Plot], str]) -> Iterator[list[Plot]]:
    """Print the plots that the block adds to a list, or that were done before an error."""
    done: list[Plot] = []
    try:
        yield done
    except Incomplete as error:
        done += error.plots
        raise
    finally:
        for plot in done:
            click.echo(describe(plot))
