"""`make run` and `bokeh-cloud serve`: what can go wrong at the start is said in one line."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_a_port_that_is_none() -> None:
    result = subprocess.run([PROGRAM, "serve", "--port", "99999"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert "99999 is not in the range" in result.stderr


def test_other_machines_are_not_served() -> None:
    assert "listens on this machine only" in serve("--host", "0.0.0.0")


@pytest.mark.parametrize("python", ["", "/nowhere/python3", "false"])
def test_no_python_that_is_new_enough(tmp_path: Path, python: str) -> None:
    command = [shutil.which("make") or "make", "-s", "run", f"VENV={tmp_path / 'venv'}", f"PYTHON={python}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode != 0
    assert result.stderr.splitlines()[0].startswith("Bokeh Cloud needs Python 3.11 or newer")
    assert not (tmp_path / "venv").exists()
