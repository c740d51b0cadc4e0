"""What real servers refuse, and what is said of it; `client/tests/test_mistakes.py` has the rest."""

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bokeh.plotting import figure

import bokeh_cloud
from tests.client.conftest import EVERYTHING
from tests.conftest import one_process
from tests.integration.people import Cloud, Person
from tests.mailbox import Mailbox, smtp_server


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bokeh_cloud.Server]:
    """An account that may have 100 KB and two plots."""
    storage, box = f"local://{tmp_path_factory.mktemp('small')}", Mailbox()
    with (
        smtp_server(box) as port,
        one_process(
            storage,
            "--accounts",
            BOKEH_CLOUD_SMTP_URL=f"smtp://127.0.0.1:{port}",
            BOKEH_CLOUD_QUOTA_BYTES="100000",
            BOKEH_CLOUD_QUOTA_PLOTS="2",
        ) as url,
    ):
        person = Person(Cloud(url, box), "peter")
        person.register()
        yield bokeh_cloud.Server(url, apikey=person.make_key(*EVERYTHING))


def drawn(points: int = 10) -> figure:
    made = figure()
    made.line(np.arange(points, dtype=float), np.zeros(points))
    return made


def test_a_full_quota_is_said_and_leaves_the_old_version(small: bokeh_cloud.Server) -> None:
    server = small
    server.publish(drawn(), "small")
    with pytest.raises(bokeh_cloud.Rejected, match=r"(?i)quota|bytes") as refused:
        server.publish(drawn(20_000), "small")
    assert refused.value.slug == "quota-exceeded"
    assert "elete" in str(refused.value)
    assert server.plot("small").version == 1
    with pytest.raises(bokeh_cloud.Rejected, match="elete"):
        server.DataSource("too large", y=np.random.default_rng(1).standard_normal(20_000))
    server.publish(drawn(), "small 2")
    with pytest.raises(bokeh_cloud.Rejected, match="elete") as refused:
        server.publish(drawn(), "small 3")
    assert refused.value.slug == "quota-exceeded"
    assert [plot.name for plot in server.plots()] == ["small", "small 2"]


def test_a_wrong_key_is_said_and_not_shown(accounts: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "bkp_" + "0" * 38
    with pytest.raises(bokeh_cloud.NotPermitted, match=f"bokeh-cloud login {accounts.url}") as refused:
        bokeh_cloud.Server(accounts.url, apikey=wrong).publish(drawn(), "x")
    assert wrong not in str(refused.value)
    with pytest.raises(bokeh_cloud.NotPermitted, match="bokeh-cloud login"):
        bokeh_cloud.Server(accounts.url).plots()


def test_a_name_that_is_taken_is_said(server: bokeh_cloud.Server) -> None:
    plot = server.publish(drawn(), "taken")
    server.publish(drawn(11), "taken too")
    with pytest.raises(bokeh_cloud.Rejected, match="taken too") as refused:
        plot.clone("taken too")
    assert refused.value.status == 409


def test_an_export_onto_a_full_disk_goes_on_where_it_was(server: bokeh_cloud.Server, tmp_path: Path) -> None:
    server.publish(drawn(20_000), "exported")
    command = [sys.executable, "-m", "bokeh_cloud", "export", "out", "exported"]

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))

    done = subprocess.run(
        command, stderr=subprocess.PIPE, text=True, timeout=60, cwd=tmp_path, preexec_fn=full
    )
    assert (done.returncode, "(File too large). Make room" in done.stderr) == (1, True), done.stderr
    subprocess.run(command, check=True, timeout=60, cwd=tmp_path)
    [plot] = server.import_(tmp_path / "out")
    assert plot.version == 1


def test_a_configuration_that_cannot_be_written_is_said(accounts: Cloud, key: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file, where a folder should be")
    command = [sys.executable, "-m", "bokeh_cloud", "login", accounts.url]
    done = subprocess.run(command, input=key, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "cloud.cfg cannot be written" in done.stderr
    assert "Set BOKEH_CLOUD_URL" in done.stderr
    assert key not in done.stderr + done.stdout


def test_a_server_without_accounts_says_that_it_has_no_links_and_no_keys(server: bokeh_cloud.Server) -> None:
    plot = server.publish(drawn(), "alone")
    for ask in (plot.shares, plot.share):
        with pytest.raises(bokeh_cloud.NotFound, match=r"no accounts.*visibility"):
            ask()
    with pytest.raises(bokeh_cloud.CloudError, match=r"no accounts.*no API keys"):
        list(server.keys)
