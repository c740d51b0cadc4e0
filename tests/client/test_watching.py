"""Scripts, notebooks and documents are published again when they are saved."""

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import bokeh_cloud
from bokeh_cloud.plots import file_watcher
from bokeh_cloud.plots.file_watcher import FileWatcher
from tests.client.command import COMMAND, run
from tests.support.waiting import wait_until

SCRIPT = "from bokeh.plotting import figure, show\np = figure(title='{}')\np.line([1], [1])\nshow(p)\n"
SECONDS = 60


class Program:
    """A program that watches a file, and the lines that it prints."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def run(self) -> str:
        """Return what one run has printed, up to the line that says that the file is watched."""
        printed = ""
        while "press Ctrl+C" not in printed:
            printed += self._lines.get(timeout=SECONDS)
        return printed

    def is_silent(self, seconds: float) -> bool:
        """Return whether nothing is printed for some time."""
        time.sleep(seconds)
        return self._lines.empty()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start programs in the folder of the test, and stop them by Ctrl+C at its end."""
    programs: list[Program] = []

    def start(*command: str) -> Program:
        programs.append(Program([*command], tmp_path))
        return programs[-1]

    yield start
    for program in programs:
        program.process.send_signal(signal.SIGINT)
        assert program.process.wait(timeout=30) == 0


def test_a_script_is_published_again_when_it_is_saved(
    tmp_path: Path, server: bokeh_cloud.Server, start: Callable[..., Program]
) -> None:
    script = tmp_path / "watched.py"
    script.write_text(SCRIPT.format("one"))
    program = start(*COMMAND, "publish", "watched.py", "--watch")
    assert "version 1" in program.run()

    script.write_text(SCRIPT.format("two"))  # within the same second, with the same size
    assert "version 2" in program.run()

    script.write_text("this is no Python (\n")
    assert "SyntaxError" in program.run()
    script.write_text("1 / 0\n")
    assert "ZeroDivisionError" in program.run()

    new = tmp_path / "new"
    new.write_text(SCRIPT.format("three"))
    new.replace(script)  # as editors do
    assert "version 3" in program.run()
    assert server.plot("watched").title == "three"

    (tmp_path / "module.py").write_text("TITLE = 'four'\n")
    assert "version 3, unchanged" in program.run()
    assert program.is_silent(1)


def test_a_notebook_is_published_again(
    tmp_path: Path, server: bokeh_cloud.Server, start: Callable[..., Program]
) -> None:
    pytest.importorskip("IPython")
    notebook = tmp_path / "watched-notebook.ipynb"

    def save(title: str) -> None:
        cell = {"cell_type": "code", "source": SCRIPT.format(title).splitlines(keepends=True)}
        notebook.write_text(json.dumps({"cells": [cell]}))

    save("one")
    program = start(*COMMAND, "publish", notebook.name, "--watch", "--quiet")
    first = program.run()
    save("two")
    assert program.run() == first
    assert (server.plot("watched-notebook").version, server.plot("watched-notebook").title) == (2, "two")


def test_a_plot_watches_a_script(
    tmp_path: Path, server: bokeh_cloud.Server, start: Callable[..., Program]
) -> None:
    script = tmp_path / "any.py"
    script.write_text(SCRIPT.format("one"))
    subprocess.run([*COMMAND, "publish", "any.py", "--name", "watching plot"], cwd=tmp_path, check=True)
    line = "import bokeh_cloud; bokeh_cloud.Server().plot('watching plot').watch('any.py')"
    program = start(sys.executable, "-uc", line)
    assert "version 1, unchanged" in program.run()
    script.write_text(SCRIPT.format("two"))
    assert "version 2" in program.run()
    assert server.plot("watching plot").title == "two"


def test_a_file_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    done = run("publish", "missing.py", "--watch", code=1, cwd=tmp_path)
    assert "There is no file missing.py" in done.stderr


def test_a_file_that_is_written_in_steps_is_one_change(tmp_path: Path) -> None:
    file, changes = tmp_path / "file", [0]
    file.write_text("0")
    watcher = FileWatcher(lambda: [file])

    def count() -> None:
        for _ in range(2):
            watcher.wait()
            changes[0] += 1

    thread = threading.Thread(target=count, daemon=True)
    thread.start()
    for number in range(8):
        file.unlink(missing_ok=True)
        time.sleep(file_watcher.SETTLE_SECONDS / 6)
        file.write_text(str(number))
        time.sleep(file_watcher.SETTLE_SECONDS / 6)
    wait_until(lambda: changes[0], SECONDS)
    time.sleep(file_watcher.SETTLE_SECONDS + 2 * file_watcher.POLL_INTERVAL)
    assert changes[0] == 1
    file.touch()
    wait_until(lambda: changes[0] == 2, SECONDS)
    thread.join()


def test_a_change_while_the_command_runs_is_not_missed(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("0")
    watcher = FileWatcher(lambda: [file])
    file.write_text("1")
    watcher.wait()
