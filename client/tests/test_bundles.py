import json
import sys
from pathlib import Path

import pytest
from bokeh.document import Document
from bokeh.model import Model
from bokeh.models.annotations import Title
from bokeh.models.callbacks import CustomJS
from bokeh.models.formatters import TickFormatter
from bokeh.models.sources import ColumnDataSource
from bokeh.models.widgets.sliders import Slider
from bokeh.models.widgets.tables import DataTable
from bokeh.plotting import figure
from bokeh.util.compiler import JavaScript

from bokeh_cloud.errors import NotPublishable
from bokeh_cloud.publishing.bundles import Scripts, scripts_for


class Halved(TickFormatter):
    __implementation__ = JavaScript(
        """
        const {TickFormatter} = require("models/formatters/tick_formatter")
        class Halved extends TickFormatter { doFormat(ticks) { return ticks.map((tick) => `${tick / 2}`) } }
        exports.Halved = Halved
        """
    )


class Broken(TickFormatter):
    __implementation__ = JavaScript("class Broken extends {")


def scripts(*roots: Model) -> Scripts:
    document = Document()
    for root in roots:
        document.add_root(root)
    return scripts_for(document)


def formatted(formatter: TickFormatter) -> figure:
    fig = figure()
    fig.xaxis.formatter = formatter
    return fig


def calling(code: str) -> figure:
    fig = figure()
    fig.js_on_event("tap", CustomJS(code=code))
    return fig


def test_a_plain_figure_needs_one_bundle() -> None:
    assert scripts(figure()) == Scripts(("bokeh",), ())


def test_bundles_depend_on_the_models() -> None:
    source = ColumnDataSource(data={})
    assert scripts(Slider(start=0, end=1, value=0)).bundles == ("bokeh", "bokeh-widgets")
    assert set(scripts(DataTable(source=source)).bundles) == {"bokeh", "bokeh-widgets", "bokeh-tables"}
    assert scripts(figure(output_backend="webgl")).bundles == ("bokeh", "bokeh-gl")
    assert scripts(figure(title=Title(text=r"$$\alpha$$"))).bundles == ("bokeh", "bokeh-mathjax")


@pytest.mark.parametrize(
    "code", ["Bokeh.Plotting.figure()", "const {Plotting} = Bokeh", "new Bokeh.Range1d()"]
)
def test_code_that_uses_the_api_needs_its_bundle(code: str) -> None:
    assert scripts(calling(code)).bundles == ("bokeh", "bokeh-api")


@pytest.mark.parametrize(
    "code", ["Bokeh.documents[0]", "Bokeh.require('core/dom')", "source.change.emit()", "BokehX"]
)
def test_code_that_uses_the_core_of_bokehjs_needs_no_other_bundle(code: str) -> None:
    assert scripts(calling(code)).bundles == ("bokeh",)


def test_an_extension_contains_only_the_code_of_a_custom_model() -> None:
    found = scripts(formatted(Halved()))
    assert found.bundles == ("bokeh",)
    (code,) = found.extensions
    assert "Halved" in code
    assert "tick / 2" in code
    assert len(code) < 5000


def test_code_that_does_not_compile_raises_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotPublishable, match=r"does not compile|cannot be compiled"):
        scripts(formatted(Broken()))


def test_extension_packages_are_read_from_their_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "dials"
    (package / "dist").mkdir(parents=True)
    (package / "bokeh.ext.json").write_text(json.dumps({}))
    (package / "dist" / "dials.min.js").write_text("register('dials')")
    (package / "__init__.py").write_text("from bokeh.models import Slider\nclass Dial(Slider): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    dials = __import__("dials")
    try:
        found = scripts(dials.Dial(start=0, end=1, value=0))
    finally:
        Model.model_class_reverse_map.pop("dials.Dial")
        del sys.modules["dials"]
    assert found.bundles == ("bokeh", "bokeh-widgets")
    (code,) = found.extensions
    assert "register('dials')" in code
