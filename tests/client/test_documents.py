"""Documents come back from the server, and from files, as they were published."""

import json
import subprocess
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from bokeh.document import Document
from bokeh.embed import json_item
from bokeh.layouts import column
from bokeh.models import FactorRange
from bokeh.models.annotations import Span
from bokeh.models.widgets import (
    DatePicker,
    DateRangeSlider,
    DateSlider,
    DatetimePicker,
    Select,
    TimePicker,
)
from bokeh.plotting import figure
from bokeh.transform import factor_cmap

import bokeh_cloud
from bokeh_cloud.integration.scripts import publish_file
from tests.client.command import COMMAND

FACTORS = [("a", "x"), ("a", "y"), ("b", "z")]
DAY = date(2026, 1, 5)
OPTIONS: Any = [("a", "A"), ("b", "B")]
NOON = datetime(2026, 1, 5, 12)


def layout() -> Any:
    plot = figure(x_range=FactorRange(factors=FACTORS), title="")
    color = factor_cmap("bar", ["red", "green"], ["a", "b"], end=1)
    plot.vbar(x="bar", top="height", color=color, source={"bar": FACTORS, "height": [1, 2, 3]})
    plot.add_layout(Span(location=NOON, dimension="width"))
    return column(
        plot,
        DatePicker(value=DAY, min_date=DAY - timedelta(1)),
        DateSlider(start=DAY, end=DAY + timedelta(9), value=DAY),
        DateRangeSlider(start=NOON, end=NOON + timedelta(9), value=(NOON, NOON + timedelta(1))),
        DatetimePicker(value=NOON),
        TimePicker(value=time(3, 4, 5), min_time="01:00:00"),
        Select(options=OPTIONS, value="a"),
    )


def canonical(document: Document) -> Any:
    """Return the JSON of a document without ids, which Bokeh generates."""

    def strip(node: Any) -> Any:
        if isinstance(node, list):
            return [strip(item) for item in node]
        return {k: strip(v) for k, v in node.items() if k != "id"} if isinstance(node, dict) else node

    content: Any = document.to_json(deferred=False)
    return strip(json.loads(json.dumps(content))["roots"])


def check(document: Document, original: Any) -> None:
    found: Any = document.select_one({"type": FactorRange})
    assert found.factors == FACTORS
    picker: Any = document.select_one({"type": TimePicker})
    assert (picker.value, picker.min_time) == (time(3, 4, 5), time(1))
    assert canonical(document) == original


def test_a_document_comes_back_and_can_be_published_again(server: bokeh_cloud.Server) -> None:
    document = Document()
    document.add_root(layout())
    original = canonical(document)
    plot = server.publish(document, "factors and times")
    back = plot.to_document()
    check(back, original)
    assert server.publish(back, "factors and times").version <= 2


@pytest.mark.parametrize("title", ["", "Bars"])
@pytest.mark.parametrize("kind", ["document", "json_item"])
def test_files_of_documents_are_published(
    server: bokeh_cloud.Server, tmp_path: Path, kind: str, title: str
) -> None:
    document = Document(title=title)
    document.add_root(layout())
    original = canonical(document)
    content: Any = document.to_json(deferred=False) if kind == "document" else json_item(document.roots[0])
    file = tmp_path / f"{kind}{len(title)}.json"
    file.write_text(json.dumps(content))

    def publish(name: str, obj: Any, given: str | None) -> None:
        server.publish(obj, name, title=given)

    publish_file(file, [], None, publish)
    plot = server.plot(file.stem)
    check(plot.to_document(), original)
    assert plot.title == (title if title and kind == "document" else file.stem)


def test_a_blank_title_is_none(server: bokeh_cloud.Server, tmp_path: Path) -> None:
    script = tmp_path / "blank.py"
    script.write_text(
        "from bokeh.plotting import figure, output_file, save\n"
        "output_file('blank.html', title='')\n"
        "f = figure(); f.line([1, 2], [3, 4]); save(f)\n"
    )
    subprocess.run([*COMMAND, "publish", script], check=True, cwd=tmp_path)
    assert server.plot("blank").title == "blank"


def test_a_damaged_document_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "damaged.json"
    document = Document()
    document.add_root(TimePicker(value=time(1)))
    content = json.dumps(document.to_json(deferred=False)).replace("3600000.0", '"noon"')
    file.write_text(content)
    with pytest.raises(bokeh_cloud.NotPublishable, match="not a document that Bokeh can read"):
        publish_file(file, [], None, lambda *_: None)
