"""Commands of users with an account: registration, login, keys, share links."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

import bokeh_cloud
from tests.client.command import run
from tests.support.users import RunningCloud

SCRIPT = "from bokeh.plotting import figure, show\np = figure(title='a')\np.line([0, 1], [0, 1])\nshow(p)\n"


@pytest.fixture
def logged_in(accounts: RunningCloud, key: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("BOKEH_CLOUD_URL")
    assert run("login", accounts.url, given=key).stdout == f"Logged in to {accounts.url} as maria.\n"
    return accounts.url


def test_registering_prints_the_next_steps_once(accounts: RunningCloud) -> None:
    done = run("register", "eva@example.com", "eva", "--url", accounts.url)
    assert done.stdout.count(f"bokeh-cloud login {accounts.url}") == 1
    assert accounts.link_to("eva@example.com")


def test_a_console_shows_the_next_steps_once(accounts: RunningCloud) -> None:
    program = f"import bokeh_cloud\nbokeh_cloud.Server({accounts.url!r}).register('una@example.com', 'una')\n"
    command = [sys.executable, "-i", "-q"]
    done = subprocess.run(command, input=program, capture_output=True, text=True, timeout=60)
    assert done.stdout.count("an email to una@example.com is on its way") == 1
    assert accounts.link_to("una@example.com")


def test_quiet_registration_returns_the_text_without_printing_it(
    accounts: RunningCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    text = bokeh_cloud.Server(accounts.url).register("ida@example.com", "ida", quiet=True)
    assert text is not None
    assert f"{accounts.url}/login" in text
    assert capsys.readouterr().out == ""


def test_a_server_without_accounts_rejects_registrations(
    server: bokeh_cloud.Server,
) -> None:
    with pytest.raises(bokeh_cloud.CloudError, match="has no accounts: publish there without an API key"):
        server.register("ida@example.com", "ida")


def test_login_stores_the_key_and_logout_removes_it(
    logged_in: str, key: str, config_dir: Path, server: bokeh_cloud.Server
) -> None:
    written = (config_dir / "cloud.cfg").read_text()
    assert written.endswith(f"[cloud]\nurl = {logged_in}\nusername = maria\napikey = {key}\n")
    assert run("whoami").stdout.splitlines()[:2] == [f"url      {logged_in}", "account  maria"]
    assert bokeh_cloud.Cloud().user_id == "maria"
    run("logout")
    assert "bkp_" not in (config_dir / "cloud.cfg").read_text()
    assert "bokeh-cloud login" in run("whoami", code=4).stderr


def test_a_wrong_key_is_not_stored(accounts: RunningCloud, config_dir: Path) -> None:
    run("login", accounts.url, given="bkp_wrong", code=4)
    run("login", accounts.url, given="", code=4)
    assert not (config_dir / "cloud.cfg").exists()


def test_doctor_shows_no_secret(logged_in: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOKEH_CLOUD_API_KEY", key)
    for arguments in (("doctor",), ("doctor", "--json")):
        text = run(*arguments).stdout
        assert key not in text
        assert logged_in in text
        assert "you are 'maria'" in text


def test_keys(logged_in: str) -> None:
    scopes = ("--scope", "plots:read", "--scope", "account")
    made = json.loads(run("keys", "create", "laptop", *scopes, "--expires", "7d", "--json").stdout)
    assert re.fullmatch(r"bkp_\w{38}", made["key"])
    listed = {item["id"]: item for item in json.loads(run("keys", "list", "--json").stdout)}
    assert listed[made["id"]]["scopes"] == ["plots:read", "account"]
    assert "laptop" in run("keys", "list").stdout
    cloud = bokeh_cloud.Cloud(apikey=made["key"])
    assert cloud.plots() is not None
    with pytest.raises(bokeh_cloud.NotPermitted):
        list(cloud.keys)
    run("keys", "revoke", made["id"])
    with pytest.raises(bokeh_cloud.NotPermitted):
        cloud.plots()
    run("keys", "revoke", made["id"], code=3)
    assert run("keys", "create", "second", "--quiet").stdout.startswith("bkp_")


def test_sharing(logged_in: str, tmp_path: Path) -> None:
    (tmp_path / "sine.py").write_text(SCRIPT)
    link = run("publish", "sine.py", "--expires", "7d", "--quiet", cwd=tmp_path).stdout.strip()
    plot = bokeh_cloud.Cloud().plot("sine")
    assert requests.get(plot.url, timeout=30).status_code != 200
    assert requests.get(link, timeout=30).status_code == 200
    second = run("share", "sine", "--origin", "https://example.org", "--quiet").stdout.strip()
    assert requests.get(second, timeout=30).status_code == 200
    listed = json.loads(run("shares", "sine", "--json").stdout)
    assert sorted(item["expires"] is None for item in listed) == [False, True]
    assert [item["history"] for item in listed] == [False, False]
    run("share", "sine", "--with-history", "--quiet")
    listed = json.loads(run("shares", "sine", "--json").stdout)
    assert sorted(item["history"] for item in listed) == [False, False, True]
    run("unshare", "sine", listed[0]["id"])
    run("unshare", "sine", "--all")
    assert run("shares", "sine").stdout == "No share links.\n"
    assert {requests.get(url, timeout=30).status_code == 200 for url in (link, second)} == {False}
    run("unshare", "sine", "nothing", code=2)
    run("publish", "sine.py", "--public", cwd=tmp_path)
    assert requests.get(plot.url, timeout=30).status_code == 200


def test_a_notebook_displays_a_private_plot_by_an_expiring_share_link(logged_in: str) -> None:
    from bokeh.plotting import figure

    drawn = figure()
    drawn.line([0, 1], [0, 1])
    plot = bokeh_cloud.Cloud().publish(drawn, "framed")
    [address] = re.findall(r'<iframe src="([^"]+)"', plot._repr_html_())
    assert requests.get(address, timeout=30).status_code == 200
    [share] = plot.shares()
    assert share.expires is not None
    plot.visibility = "public"
    assert f'src="{plot.embed_url}"' in plot._repr_html_()


def test_nicknames(accounts: RunningCloud, key: str) -> None:
    run("servers", "add", "work", accounts.url)
    run("servers", "default", "work")
    assert json.loads(run("servers", "list", "--json").stdout)[0]["default"] == "yes"
    assert accounts.url in run("whoami", "--url", "work", code=4).stderr
    run("servers", "remove", "work")
    run("servers", "remove", "work", code=1)


def test_login_to_a_server_without_accounts_needs_no_key(cloud: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOKEH_CLOUD_URL")
    assert "it needs no key" in run("login", cloud).stdout
    assert (bokeh_cloud.Cloud().url, bokeh_cloud.Cloud().user_id) == (cloud, "local")
