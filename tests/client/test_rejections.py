"""Errors that servers return; `client/tests/test_error_messages.py` tests the other ones."""

import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bokeh.plotting import figure

import bokeh_cloud
from tests.client.command import COMMAND, run
from tests.client.conftest import ALL_SCOPES
from tests.support.users import RunningCloud, User, start_cloud_with_accounts


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bokeh_cloud.Server]:
    """Return an account with a quota of 100 KB and two plots."""
    storage = f"local://{tmp_path_factory.mktemp('small')}"
    with start_cloud_with_accounts(
        storage, BOKEH_CLOUD_QUOTA_BYTES="100000", BOKEH_CLOUD_QUOTA_PLOTS="2"
    ) as cloud:
        user = User(cloud, "peter")
        user.register()
        yield bokeh_cloud.Server(cloud.url, apikey=user.make_key(*ALL_SCOPES))


def make_figure(points: int = 10) -> figure:
    fig = figure()
    fig.line(np.arange(points, dtype=float), np.zeros(points))
    return fig


def test_an_exceeded_quota_leaves_the_old_version(small: bokeh_cloud.Server) -> None:
    server = small
    server.publish(make_figure(), "small")
    with pytest.raises(bokeh_cloud.Rejected, match=r"(?i)quota|bytes") as error:
        server.publish(make_figure(20_000), "small")
    assert error.value.slug == "quota-exceeded"
    assert "elete" in str(error.value)
    assert server.plot("small").version == 1
    with pytest.raises(bokeh_cloud.Rejected, match="elete"):
        server.DataSource("too large", y=np.random.default_rng(1).standard_normal(20_000))
    server.publish(make_figure(), "small 2")
    with pytest.raises(bokeh_cloud.Rejected, match="elete") as error:
        server.publish(make_figure(), "small 3")
    assert error.value.slug == "quota-exceeded"
    assert [plot.name for plot in server.plots()] == ["small", "small 2"]


def test_a_wrong_key_is_not_shown(accounts: RunningCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "bkp_" + "0" * 38
    with pytest.raises(bokeh_cloud.NotPermitted, match=f"bokeh-cloud login {accounts.url}") as error:
        bokeh_cloud.Server(accounts.url, apikey=wrong).publish(make_figure(), "x")
    assert wrong not in str(error.value)
    with pytest.raises(bokeh_cloud.NotPermitted, match="bokeh-cloud login"):
        bokeh_cloud.Server(accounts.url).plots()


def test_a_name_that_is_taken_is_an_error(server: bokeh_cloud.Server) -> None:
    plot = server.publish(make_figure(), "taken")
    server.publish(make_figure(11), "taken too")
    with pytest.raises(bokeh_cloud.Rejected, match="taken too") as error:
        plot.clone("taken too")
    assert error.value.status == 409


def test_an_export_onto_a_full_disk_can_be_repeated(server: bokeh_cloud.Server, tmp_path: Path) -> None:
    server.publish(make_figure(20_000), "exported")
    command = [*COMMAND, "export", "out", "exported"]

    def limit_file_size() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))

    done = subprocess.run(
        command, stderr=subprocess.PIPE, text=True, timeout=60, cwd=tmp_path, preexec_fn=limit_file_size
    )
    assert (done.returncode, "(File too large). Free some space" in done.stderr) == (1, True), done.stderr
    subprocess.run(command, check=True, timeout=60, cwd=tmp_path)
    [plot] = server.import_(tmp_path / "out")
    assert plot.version == 1


def test_a_configuration_that_cannot_be_written_is_an_error(
    accounts: RunningCloud, key: str, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("a file, where a folder should be")
    done = run("login", accounts.url, given=key, code=1)
    assert "cloud.cfg cannot be written" in done.stderr
    assert "Set BOKEH_CLOUD_URL" in done.stderr
    assert key not in done.stderr + done.stdout


def test_a_server_without_accounts_has_no_share_links_and_no_keys(server: bokeh_cloud.Server) -> None:
    plot = server.publish(make_figure(), "alone")
    for method in (plot.shares, plot.share):
        with pytest.raises(bokeh_cloud.NotFound, match=r"no accounts.*--accounts to share"):
            method()
    with pytest.raises(bokeh_cloud.CloudError, match=r"no accounts.*no API keys"):
        list(server.keys)
