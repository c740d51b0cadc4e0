"""`make run` and `bokeh-cloud serve`: each error at startup is reported in one line."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests import ROOT
from tests.support.embedded_server import one_process

PROGRAM = Path(sys.executable).with_name("bokeh-cloud")


def serve(*options: str) -> str:
    """Run the command, which must fail, and return its standard error."""
    result = subprocess.run(
        [PROGRAM, "serve", "--no-samples", *options], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 1, result
    assert result.stdout == ""
    return result.stderr


def test_a_port_that_is_in_use_is_reported(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        error = serve("--port", str(port), "--storage", f"local://{tmp_path}")
    assert error.startswith(f"Error: Cannot listen on 127.0.0.1, port {port} (Address already in use)")
    assert error.count("\n") == 1


def test_a_folder_that_is_not_writable_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    error = serve("--port", "0", "--storage", f"local://{file}/storage")
    assert error.count("\n") == 1
    assert str(file) in error


def test_an_unknown_storage_is_reported() -> None:
    error = serve("--port", "0", "--storage", "ftp://somewhere")
    assert error.count("\n") == 1
    assert "ftp" in error


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("BOKEH_CLOUD_ACCENT", "blue", "must be a colour such as '#20548d', not 'blue'."),
        ("BOKEH_CLOUD_LOGO", "/no/logo.svg", "must be the path of a file"),
        ("BOKEH_CLOUD_PAGES", "/no/pages", "must be a folder with Markdown files"),
        ("BOKEH_CLOUD_GC_REST", "a while", "must be a number from 0 to 1000000000, not 'a while'."),
        ("BOKEH_CLOUD_MAX_DEPTH", "deep", "must be an integer of at least 0, not 'deep'."),
        ("BOKEH_CLOUD_MAX_CHUNK_BYTES", "-1", "must be an integer of at least 0, not '-1'."),
        ("BOKEH_CLOUD_BOKEHJS", "/no/bokehjs", "must be a folder with one subfolder a version"),
        ("BOKEH_CLOUD_THREADS", "many", "must be an integer of at least 1, not 'many'."),
        ("BOKEH_CLOUD_SLOWEST", "0", "must be a number from 1 to 1000000000, not '0'."),
        ("BOKEH_CLOUD_REQUEST_SECONDS", "soon", "must be a number from 1 to 1000000000, not 'soon'."),
        ("BOKEH_CLOUD_DRAIN_SECONDS", "-1", "must be a number from 0 to 1000000000, not '-1'."),
    ],
)
def test_an_invalid_setting_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(name, value)
    error = serve("--port", "0", "--storage", f"local://{tmp_path}")
    assert error.startswith(f"Error: A setting is not valid. {name} {reason}")
    assert error.count("\n") == 1


def test_an_invalid_port_is_reported() -> None:
    result = subprocess.run([PROGRAM, "serve", "--port", "99999"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert "99999 is not in the range" in result.stderr


def test_listening_to_a_network_requires_an_option() -> None:
    for options in ([], ["--accounts"]):
        error = serve("--host", "0.0.0.0", *options)
        assert "listens on loopback addresses only" in error
        assert "--insecure-allow-remote" in error


def status(url: str, host: str, **headers: str) -> int:
    return requests.get(f"{url}/local/plots", headers={"Host": host, **headers}, timeout=30).status_code


def test_a_server_without_accounts_can_allow_remote_clients(tmp_path: Path) -> None:
    # "127.1" is loopback, but the server takes it for another address, so it can be tested without a network.
    log_file = tmp_path / "printed"
    options = ("--host", "127.1", "--insecure-allow-remote")
    names = {"BOKEH_CLOUD_ALLOWED_HOSTS": "cloud.lan, Other.lan"}
    with (
        log_file.open("wb") as output,
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
            assert status(url, host) == 200, host
        for host in ("evil.example", "cloud.lan.evil.example", "127.1", "x"):  # DNS rebinding
            assert status(url, host) == 403, host
        assert status(url, "cloud.lan", Origin="http://evil.example") == 403
        assert status(url, "cloud.lan", Origin="http://cloud.lan") == 200
    assert "WARNING: Anyone who can reach this server can read, change and delete everything" in (
        log_file.read_text()
    )


def test_remote_clients_can_be_allowed_by_a_setting(tmp_path: Path) -> None:
    log_file = tmp_path / "printed"
    remote = {"BOKEH_CLOUD_INSECURE_ALLOW_REMOTE": "1"}
    storage = f"local://{tmp_path / 'storage'}"
    with (
        log_file.open("wb") as output,
        one_process(storage, "--host", "127.1", "--accounts", output=output, **remote) as url,
    ):
        assert requests.get(f"{url}/whoami", timeout=30).status_code == 401
    assert "WARNING: Keys, sessions and data are sent unencrypted" in log_file.read_text()


@pytest.mark.parametrize("python", ["", "/nowhere/python3", "false"])
def test_a_missing_or_old_python_is_reported(tmp_path: Path, python: str) -> None:
    command = [shutil.which("make") or "make", "-s", "run", f"VENV={tmp_path / 'venv'}", f"PYTHON={python}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode != 0
    assert result.stderr.splitlines()[0].startswith("Bokeh Cloud needs Python 3.11 or newer")
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize("code", [0, 3])
def test_setup_shows_what_it_installs(tmp_path: Path, code: int) -> None:
    """Only pip is replaced, which would take minutes."""
    program = tmp_path / "bin" / "python"
    program.parent.mkdir()
    lines = (
        "Requirement already satisfied: x",
        "Collecting numpy==2.1",
        "Installing collected packages: a, b",
    )
    program.write_text("".join(["#!/bin/sh\n", *[f"echo '{line}'\n" for line in lines], f"exit {code}\n"]))
    program.chmod(0o700)
    command = [shutil.which("make") or "make", "-s", "setup", f"VENV={tmp_path}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "\n  numpy==2.1\n  installing 2 packages\n" in result.stdout
    assert "satisfied" not in result.stdout
    assert (result.returncode == 0, (tmp_path / ".run").exists()) == (code == 0, code == 0)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("QUOTA_BYTES", "5 GB", "must be an integer of at least 0, not '5 GB'."),
        ("WRONG_KEYS", "0", "must be an integer of at least 1, not '0'."),
        (
            "SMTP_URL",
            "mail.example.com",
            "must begin with smtp:// or smtp+starttls:// or smtps://, and name",
        ),
        ("REDIS_URL", "redis:6379", "must begin with redis:// or rediss://, and name a host."),
        ("PUBLIC_URL", "plots.example.com", "must begin with http:// or https://, and name a host."),
    ],
)
def test_an_invalid_setting_of_accounts_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(f"BOKEH_CLOUD_{name}", value)
    storage = f"local://{tmp_path}"
    error = serve("--port", "0", "--storage", storage)
    assert error.startswith(f"Error: BOKEH_CLOUD_{name} {message}")
    assert error.count("\n") == 1
