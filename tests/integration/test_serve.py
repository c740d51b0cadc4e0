"""`make run` and `bokeh-cloud serve`: what can go wrong at the start is said in one line."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.conftest import one_process

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("bokeh-cloud")


def serve(*options: str) -> str:
    """Run the command, which must fail, and return what it prints."""
    result = subprocess.run(
        [PROGRAM, "serve", "--no-samples", *options], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 1, result
    assert result.stdout == ""
    return result.stderr


def test_taken_port(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = serve("--port", str(port), "--storage", f"local://{tmp_path}")
    assert said.startswith(f"Error: Cannot listen on 127.0.0.1, port {port} (Address already in use)")
    assert said.count("\n") == 1


def test_unwritable_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    said = serve("--port", "0", "--storage", f"local://{file}/storage")
    assert said.count("\n") == 1
    assert str(file) in said


def test_unknown_storage() -> None:
    said = serve("--port", "0", "--storage", "ftp://somewhere")
    assert said.count("\n") == 1
    assert "ftp" in said


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("BOKEH_CLOUD_ACCENT", "blue", "must be a colour such as '#20548d', not 'blue'."),
        ("BOKEH_CLOUD_LOGO", "/no/logo.svg", "must be the path of a file"),
        ("BOKEH_CLOUD_PAGES", "/no/pages", "must be a folder with Markdown files"),
        ("BOKEH_CLOUD_GC_REST", "a while", "must be a number from 0 to 1000000000, not 'a while'."),
        ("BOKEH_CLOUD_MAX_DEPTH", "deep", "must be a whole number from 0 on, not 'deep'."),
        ("BOKEH_CLOUD_MAX_CHUNK_BYTES", "-1", "must be a whole number from 0 on, not '-1'."),
        ("BOKEH_CLOUD_BOKEHJS", "/no/bokehjs", "must be a folder with one for each version"),
        ("BOKEH_CLOUD_THREADS", "many", "must be a whole number from 1 on, not 'many'."),
        ("BOKEH_CLOUD_SLOWEST", "0", "must be a number from 1 to 1000000000, not '0'."),
        ("BOKEH_CLOUD_REQUEST_SECONDS", "soon", "must be a number from 1 to 1000000000, not 'soon'."),
        ("BOKEH_CLOUD_DRAIN_SECONDS", "-1", "must be a number from 0 to 1000000000, not '-1'."),
    ],
)
def test_a_setting_that_makes_no_sense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(name, value)
    said = serve("--port", "0", "--storage", f"local://{tmp_path}")
    assert said.startswith(f"Error: A setting cannot be used. {name} {reason}")
    assert said.count("\n") == 1


def test_a_port_that_is_none() -> None:
    result = subprocess.run([PROGRAM, "serve", "--port", "99999"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert "99999 is not in the range" in result.stderr


def test_other_machines_are_not_served() -> None:
    for options in ([], ["--accounts"]):
        said = serve("--host", "0.0.0.0", *options)
        assert "listens on this machine only" in said
        assert "--insecure-allow-remote" in said


def ask(url: str, host: str, **headers: str) -> int:
    return requests.get(f"{url}/local/plots", headers={"Host": host, **headers}, timeout=30).status_code


def test_a_server_without_keys_for_a_network(tmp_path: Path) -> None:
    # "127.1" is loopback, but is not written as loopback addresses are: so nobody else reaches the test.
    printed = tmp_path / "printed"
    options = ("--host", "127.1", "--insecure-allow-remote")
    names = {"BOKEH_CLOUD_ALLOWED_HOSTS": "cloud.lan, Other.lan"}
    with (
        printed.open("wb") as output,
        one_process(f"local://{tmp_path / 'storage'}", *options, output=output, **names) as url,
    ):
        port = url.rpartition(":")[2]
        for host in (
            f"localhost:{port}",
            f"192.168.7.7:{port}",
            "[fd00::7]",
            "cloud.lan",
            f"OTHER.lan:{port}",
        ):
            assert ask(url, host) == 200, host
        for host in ("evil.example", "cloud.lan.evil.example", "127.1", "x"):  # DNS rebinding
            assert ask(url, host) == 403, host
        assert ask(url, "cloud.lan", Origin="http://evil.example") == 403
        assert ask(url, "cloud.lan", Origin="http://cloud.lan") == 200
    assert "WARNING: Everybody who reaches this server owns all that is in it" in printed.read_text()


def test_the_setting_does_what_the_option_does(tmp_path: Path) -> None:
    printed = tmp_path / "printed"
    remote = {"BOKEH_CLOUD_INSECURE_ALLOW_REMOTE": "1"}
    storage = f"local://{tmp_path / 'storage'}"
    with (
        printed.open("wb") as output,
        one_process(storage, "--host", "127.1", "--accounts", output=output, **remote) as url,
    ):
        assert requests.get(f"{url}/whoami", timeout=30).status_code == 401
    assert "WARNING: Keys, sessions and data travel unencrypted" in printed.read_text()


@pytest.mark.parametrize("python", ["", "/nowhere/python3", "false"])
def test_no_python_that_is_new_enough(tmp_path: Path, python: str) -> None:
    command = [shutil.which("make") or "make", "-s", "run", f"VENV={tmp_path / 'venv'}", f"PYTHON={python}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode != 0
    assert result.stderr.splitlines()[0].startswith("Bokeh Cloud needs Python 3.11 or newer")
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("QUOTA_BYTES", "5 GB", "must be a whole number from 0 on, not '5 GB'."),
        ("WRONG_KEYS", "0", "must be a whole number from 1 on, not '0'."),
        (
            "SMTP_URL",
            "mail.example.com",
            "must begin with smtp:// or smtp+starttls:// or smtps://, and name",
        ),
        ("REDIS_URL", "redis:6379", "must begin with redis:// or rediss://, and name a host."),
        ("PUBLIC_URL", "plots.example.com", "must begin with http:// or https://, and name a host."),
    ],
)
def test_a_setting_of_accounts_that_makes_no_sense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"BOKEH_CLOUD_{name}", value)
    storage = f"local://{tmp_path}"
    printed = serve("--port", "0", "--storage", storage)
    assert printed.startswith(f"Error: BOKEH_CLOUD_{name} {said}")
    assert printed.count("\n") == 1
