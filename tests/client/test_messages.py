"""Messages about what users of programs and commands often get wrong, with a running cloud."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from bokeh.plotting import figure

import bokeh_cloud
from tests.client.command import output_of, run
from tests.support.users import RunningCloud


def test_a_key_for_a_server_that_needs_none(cloud: str) -> None:
    with pytest.raises(bokeh_cloud.NotPermitted, match="needs no key: leave it out") as error:
        bokeh_cloud.Server(cloud, apikey="bkp_" + "a" * 40).plots()
    assert "aaaa" not in str(error.value)


def test_rows_with_a_misspelled_column(server: bokeh_cloud.Server) -> None:
    source = server.DataSource("misspelled", dtypes={"t": datetime, "temp": int})
    with pytest.raises(bokeh_cloud.Rejected, match="no column 'tmp'; 'temp' is missing"):
        source.stream(t=[datetime.now()], tmp=[1])
    with source.writer() as writer, pytest.raises(bokeh_cloud.CloudError, match=r"no column 'tmp'.*'temp'"):
        writer.stream(t=[datetime.now()], tmp=[1])
    with pytest.raises(AttributeError, match=r"stream\(\)"):
        _ = source.append  # type: ignore[attr-defined]  # which is what is tested
    assert not hasattr(source, "appendix")


def test_fractions_for_a_column_of_integers(server: bokeh_cloud.Server) -> None:
    source = server.DataSource("integers", temp=[1])
    with pytest.raises(bokeh_cloud.Rejected, match="created with the dtype float"):
        source.stream(temp=[1.5])
    message = r"create it with dtypes=\{'temp': float\}"
    with source.writer() as writer, pytest.raises(bokeh_cloud.CloudError, match=message):
        writer.stream(temp=[1.5])


def test_a_plot_is_found_by_its_url(server: bokeh_cloud.Server) -> None:
    plot = server.publish(figure(), "by its URL")
    assert server.plot(plot.url) == server.plot(plot.embed_url) == plot
    with pytest.raises(bokeh_cloud.CloudError, match="is not the URL of a plot on"):
        server.plot("https://example.org/plots/a/show")


def test_a_figure_of_a_live_source_is_the_same_version_after_rows(server: bokeh_cloud.Server) -> None:
    source = server.DataSource("rows and a plot", t=[1.0], y=[2.0])

    def make() -> figure:
        fig = figure()
        fig.line("t", "y", source=server.source("rows and a plot"))
        return fig

    server.publish(make(), "rows and a plot")
    source.stream(t=[2.0], y=[3.0])
    assert server.publish(make(), "rows and a plot").unchanged


def test_the_message_about_a_source_in_use_names_what_the_caller_has(server: bokeh_cloud.Server) -> None:
    source = server.DataSource("in use", y=[1.0])
    fig = figure()
    fig.line("y", "y", source=source)
    server.publish(fig, "uses it")
    message = r"1 plot uses 'in use' \('uses it'\).*delete\(force=True\)"
    with pytest.raises(bokeh_cloud.Rejected, match=message):
        source.delete()
    assert "with --force, which" in output_of("data", "rm", "in use", "--yes", code=1)


def test_files_of_a_source_have_empty_fields_and_are_announced(
    server: bokeh_cloud.Server, tmp_path: Path
) -> None:
    server.DataSource("gaps", x=[1.0, np.nan, 3.0], y=np.array([np.nan, 2, 3], "f4"))
    assert output_of("data", "get", "gaps", "gaps.csv", cwd=tmp_path) == "Wrote gaps.csv: 14 bytes.\n"
    assert (tmp_path / "gaps.csv").read_text() == "x,y\n1,\n,2\n3,3\n"
    assert output_of("data", "get", "gaps", "gaps.csv", cwd=tmp_path).startswith("Replaced gaps.csv")
    assert output_of("data", "get", "gaps", "--columns", "x") == "x\n1\nnan\n3\n"


def test_a_script_from_standard_input_has_no_name() -> None:
    script = "from bokeh_cloud.integration.output import script_name\nprint(script_name())"
    done = subprocess.run([sys.executable, "-"], input=script, capture_output=True, text=True, check=True)
    assert done.stdout == "None\n"


def test_a_key_is_revoked_by_its_name(
    accounts: RunningCloud, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOKEH_CLOUD_URL", accounts.url)
    monkeypatch.setenv("BOKEH_CLOUD_API_KEY", key)
    keys = bokeh_cloud.Server().keys
    first, *same = (keys.create(name) for name in ("ci", "twice", "twice"))
    run("keys", "revoke", "ci")
    assert first.id not in {one.id for one in keys}
    assert same[0].id in output_of("keys", "revoke", "twice", code=3)
    message = output_of("keys", "revoke", "ci", code=3)
    assert "There is no key 'ci'; `bokeh-cloud keys list` shows the ids." in message
