"""The defaults that scripts of pages know are those of Bokeh, which leaves them out of its JSON."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import bokeh.models
import pytest
from bokeh.core.serialization import Serializer
from bokeh.models import LinearScale
from bokeh.plotting import figure

PROPERTIES = Path(__file__).parents[2] / "services/web/bokeh_web/static/frame/windows/properties.js"
NEWER = {"window_axis"}  # of Bokeh 3.7; earlier versions lack it
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    NODE is None and os.environ.get("CI") != "true", reason="Node.js is missing; run tests/system-packages"
)


@cache
def known_defaults() -> Any:
    """Return the defaults of the scripts: for each class of models, those of its properties."""
    script = (
        f"import('{PROPERTIES.as_uri()}').then(({{ DEFAULTS }}) => console.log(JSON.stringify(DEFAULTS)))"
    )
    done = subprocess.run([NODE or "node", "--eval", script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def make_model(name: str) -> bokeh.models.Model:
    """Return a model of a class, all of whose properties have their default."""
    return figure() if name == "Figure" else getattr(bokeh.models, name)()


@pytest.mark.parametrize("name", sorted(known_defaults()) if NODE else ())
def test_the_defaults_of_a_model_are_those_of_bokeh(name: str) -> None:
    model, known = make_model(name), known_defaults()[name]
    expected = {key: value for key, value in known.items() if key not in NEWER or key in model.properties()}
    assert {key: Serializer().encode(getattr(model, key)) for key in expected} == expected


def test_a_figure_has_linear_scales_by_default() -> None:
    """Scripts read a figure without a scale so."""
    for plot in (figure(), bokeh.models.Plot()):
        assert isinstance(plot.x_scale, LinearScale)
        assert isinstance(plot.y_scale, LinearScale)


def test_bokeh_leaves_defaults_out_of_its_json() -> None:
    assert "attributes" not in Serializer().encode(bokeh.models.Range1d(start=0, end=1))
