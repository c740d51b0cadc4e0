"""Unmodified scripts and notebooks that show, save or serve objects by their libraries' own functions."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import bokeh_cloud

SCRIPTS = {
    "hv.save": 'import holoviews as hv\nhv.extension("bokeh")\nhv.save(hv.Curve([1, 3, 2]), "curve.html")',
    "hvplot.save": "import hvplot, hvplot.pandas, pandas as pd\n"
    'hvplot.save(pd.DataFrame({"a": [1, 3, 2]}).hvplot(), "frame.html")',
    "hvplot.show": "import hvplot, hvplot.pandas, pandas as pd\n"
    'hvplot.show(pd.DataFrame({"a": [1, 3, 2]}).hvplot())',
    "show": 'import panel as pn\npn.Column("# Shown").show(title="A title")',
    "save": 'import panel as pn\npn.Column("# Saved").save("column.html")',
    "panel.io.save": "import panel as pn\nfrom panel.io.save import save\n"
    'save(pn.Column("# Saved"), "function.html")',
    "servable": 'import panel as pn\npn.Column("# One").servable()\npn.Row("two").servable()',
    "serve": 'import panel as pn\npn.serve(pn.Column("# Served"))',
    "template": 'import panel as pn\npn.template.FastListTemplate(title="T", main=["# Main"]).servable()',
}

#: The names of their plots; of the script, unless they write a file.
NAMES = {"hv.save": "curve", "hvplot.save": "frame", "save": "column", "panel.io.save": "function"}


def publish(server: bokeh_cloud.Server, file: Path) -> list[Any]:
    """Publish a file on the command line; return what it prints as JSON."""
    command = [sys.executable, "-m", "bokeh_cloud", "publish", file.name, "--url", server.url, "--json"]
    done = subprocess.run(command, cwd=file.parent, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    published: list[Any] = json.loads(done.stdout)
    return published


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_script_publishes_what_it_shows(server: bokeh_cloud.Server, tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"script {kind}.py"
    file.write_text(SCRIPTS[kind])
    [plot] = publish(server, file)
    assert plot["name"] == NAMES.get(kind, file.stem)
    files = [path.name for path in tmp_path.glob("*.html")]
    assert files == ([f"{NAMES[kind]}.html"] if kind in NAMES else [])


@pytest.mark.parametrize(
    "cells",
    [
        ["import panel as pn", 'pn.Column("# Cell").servable()'],
        ["import panel as pn\npn.extension()", 'pn.Column("# Cell")'],
        ['%pylab inline\nimport holoviews as hv\nhv.extension("bokeh")', "hv.Curve([1, 3, 2])"],
        ["import hvplot.pandas, pandas as pd", 'display(pd.DataFrame({"a": [1, 3]}).hvplot())'],
    ],
)
def test_a_notebook_publishes_what_it_shows(
    server: bokeh_cloud.Server, tmp_path: Path, cells: list[str]
) -> None:
    notebook = {
        "cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "source": cell} for cell in cells],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    file = tmp_path / "cells.ipynb"
    file.write_text(json.dumps(notebook))
    [plot] = publish(server, file)
    assert plot["name"] == "cells"


def test_output_server_publishes_what_libraries_show(server: bokeh_cloud.Server) -> None:
    import panel as pn
    from bokeh.io import reset_output

    bokeh_cloud.output_server(server.url, plotname="shown by Panel")
    try:
        pn.Column("# Shown").show()
    finally:
        reset_output()
    assert server.plot("shown by Panel").version == 1
