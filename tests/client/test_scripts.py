"""`bokeh-cloud publish` publishes scripts that do not use Bokeh Cloud, without changes to them.

The first line of each script lists the plots that it publishes, with the version if it is not the first one.
"""

import json
import subprocess
from pathlib import Path

import pytest
import requests

import bokeh_cloud
from tests.client.command import run

SCRIPTS = sorted(Path(__file__).with_name("scripts").glob("*.py"))
NEEDS = {
    "frame_by_pandas": "pandas",
    "groups_and_factors": "pandas",
    "frame_by_polars": "polars",
    "array_by_xarray": "xarray",
}


def publish(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return run("publish", *arguments, code=None, cwd=folder)


def test_there_are_thirty_of_them() -> None:
    assert len(SCRIPTS) >= 30


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_unchanged_script_publishes(script: Path, tmp_path: Path, server: bokeh_cloud.Server) -> None:
    if script.stem in NEEDS:
        pytest.importorskip(NEEDS[script.stem])
    listed = script.read_text().splitlines()[0].removeprefix("# publishes: ").split(", ")
    done = publish(tmp_path, str(script), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout[done.stdout.index("[\n") if "[\n" in done.stdout else 0 :])
    expected = [(name.partition("@")[0], int(name.partition("@")[2] or 1)) for name in listed]
    assert [(plot["name"], plot["version"]) for plot in found] == expected
    for plot in found:
        assert requests.get(plot["url"], timeout=30).status_code == 200
        assert server.plot(plot["name"]).to_json().content["roots"]


def test_arguments_are_passed_to_the_script(tmp_path: Path, server: bokeh_cloud.Server) -> None:
    script = next(script for script in SCRIPTS if script.stem == "arguments")
    done = publish(tmp_path, "--name", "seven", "--quiet", str(script), "--points", "7")
    assert done.stdout == server.plot("seven").url + "\n"
    assert server.plot("seven").title == "7 points"


def test_a_failing_script_prints_its_traceback(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("x = 1\n1 / 0\n")
    done = publish(tmp_path, "broken.py")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert 'broken.py", line 2' in done.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "showed nothing: it must call show or save"),
        (
            "from bokeh.plotting import save\nsave([])",
            "There is nothing to publish",
        ),
        ("import sys; sys.exit('stop')", "exited with 'stop'"),
        (
            "from bokeh.io import output_notebook, show\noutput_notebook()\nshow(lambda doc: None)",
            "A Bokeh application cannot be published",
        ),
    ],
)
def test_errors_explain_why_nothing_was_published(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "script.py").write_text(text)
    done = publish(tmp_path, "script.py")
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "def f():\n    raise ValueError('mine')\nf()\n",
            'Traceback (most recent call last):\n  File "script.py"',
        ),
        ("x = (\n", '  File "script.py", line 1\n'),
        ("import json\njson.loads('{')", 'Traceback (most recent call last):\n  File "script.py"'),
    ],
)
def test_exceptions_of_a_script_are_printed_as_by_python(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "script.py").write_text(text)
    done = publish(tmp_path, "script.py")
    assert done.returncode == 1
    assert done.stderr.startswith(message)
    assert "bokeh_cloud" not in done.stderr


@pytest.mark.parametrize("name", ["nowhere.py", "script.txt"])
def test_files_that_are_not_scripts_are_rejected(tmp_path: Path, name: str) -> None:
    (tmp_path / "script.txt").touch()
    assert publish(tmp_path, name).returncode == 1


@pytest.mark.parametrize("has_config", [True, False])  # which documents have since Bokeh 3.8
def test_a_document_publishes(tmp_path: Path, server: bokeh_cloud.Server, has_config: bool) -> None:
    from bokeh.document import Document
    from bokeh.models import ColumnDataSource
    from bokeh.plotting import figure

    name = f"from json, {has_config}"
    document = Document(title="From JSON")
    p = figure()
    p.line("x", "y", source=ColumnDataSource({"x": [1.0, 2.0], "y": [3, 4]}))
    document.add_root(p)
    content: dict[str, object] = {**document.to_json(deferred=False)}
    content = {name: value for name, value in content.items() if name != "config" or has_config}
    (tmp_path / "document.json").write_text(json.dumps(content))
    assert publish(tmp_path, "document.json", "--name", name, "--public").returncode == 0
    plot = server.plot(name)
    assert (plot.title, plot.visibility) == ("From JSON", "public")
    assert plot.to_document().roots[0].id == p.id


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting property name"),
        ("[]", "its JSON is not an object"),
        ("{}", "it has no '"),
        ('{"version": "3.9.0", "config": {}, "roots": 1}', "not a document"),
    ],
)
def test_files_that_are_not_documents_are_rejected(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "document.json").write_text(text)
    done = publish(tmp_path, "document.json")
    assert done.returncode == 1
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
