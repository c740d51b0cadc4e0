"""Notebooks, executed by a Jupyter kernel."""

from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

import bokeh_cloud
from bokeh_cloud.integration.scripts import publish_file
from tests.client.command import run

FIGURE = "from bokeh.plotting import figure\np = figure(title='in a notebook')\np.line([0, 1], [0, 1])"


def notebook(*cells: str) -> Any:
    made = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]  # nbformat's
    made.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]  # type: ignore[no-untyped-call]  # nbformat's
    return made


def executed(*cells: str) -> list[list[Any]]:
    made = notebook(*cells)
    nbclient.NotebookClient(made, timeout=60).execute()
    return [cell.outputs for cell in made.cells]


def test_a_plot_is_displayed_as_link_and_frame(server: bokeh_cloud.Server) -> None:
    outputs = executed("import bokeh_cloud\n" + FIGURE, "bokeh_cloud.Server().publish(p, 'in a notebook')")
    plot = server.plot("in a notebook")
    [shown] = outputs[1]
    assert f'<a href="{plot.url}"' in shown["data"]["text/html"]
    assert f'<iframe src="{plot.embed_url}"' in shown["data"]["text/html"]
    assert 'style="width: 600px; max-width: 100%; height: 600px;' in shown["data"]["text/html"]
    assert shown["data"]["text/plain"] == repr(plot)


def test_show_displays_the_plot_and_running_a_cell_again_creates_a_version(
    server: bokeh_cloud.Server,
) -> None:
    cell = FIGURE + "\nfrom bokeh.io import show\nshow(p)"
    outputs = executed(
        "import bokeh_cloud\nbokeh_cloud.output_cloud('by show')", cell, cell.replace("[0, 1])", "[0, 2])")
    )
    assert all("<iframe" in cell_outputs[-1]["data"]["text/html"] for cell_outputs in outputs[1:])
    assert server.plot("by show").version == 2


def test_an_unchanged_notebook_publishes(tmp_path: Path, server: bokeh_cloud.Server) -> None:
    made = notebook(
        "%matplotlib --list\nfrom bokeh.io import output_notebook, show\noutput_notebook()",
        FIGURE,
        "import asyncio\nawait asyncio.sleep(0)\nshow(p)",
    )
    nbformat.write(made, tmp_path / "analysis.ipynb")  # type: ignore[no-untyped-call]  # nbformat's
    done = run("publish", "analysis.ipynb", "--quiet", cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == server.plot("analysis").url


def shown_by(folder: Path, *cells: str) -> list[tuple[str, str]]:
    """Return the names and types of what `publish` publishes of a notebook, without a server."""
    nbformat.write(notebook(*cells), folder / "n.ipynb")  # type: ignore[no-untyped-call]  # nbformat's
    found: list[tuple[str, str]] = []
    publish_file(folder / "n.ipynb", (), None, lambda name, obj, _: found.append((name, type(obj).__name__)))
    return found


@pytest.mark.parametrize("magic", ["%matplotlib inline", "%gui qt"])
def test_magics_of_a_front_end_do_nothing(tmp_path: Path, magic: str) -> None:
    assert shown_by(tmp_path, magic, FIGURE + "\np") == [("n", "figure")]


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ([FIGURE, "p"], ["figure"]),
        ([FIGURE, "from bokeh.layouts import row\nrow(p)"], ["Row"]),
        ([FIGURE, "display(p)"], ["figure"]),
        ([FIGURE, "p", "from bokeh.io import show\nshow(p)"], ["figure"]),  # which Bokeh draws by show only
    ],
)
def test_what_a_cell_ends_with_is_published(tmp_path: Path, cells: list[str], shown: list[str]) -> None:
    assert [kind for _, kind in shown_by(tmp_path, *cells)] == shown


@pytest.mark.parametrize("cell", ["p;", "p.xaxis", "q = p", "1 + 1"])
def test_a_notebook_that_shows_nothing_is_refused_with_the_ways_to_show(tmp_path: Path, cell: str) -> None:
    with pytest.raises(bokeh_cloud.NotPublishable, match="or a cell must end with a figure"):
        shown_by(tmp_path, FIGURE, cell)


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_files_that_are_not_notebooks_are_rejected(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.ipynb").write_text(text)
    done = run("publish", "x.ipynb", code=1, cwd=tmp_path)
    assert done.stderr.startswith("Error: x.ipynb")
