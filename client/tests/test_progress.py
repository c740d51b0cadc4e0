import io
import sys
import time
from types import SimpleNamespace

import pytest

from bokeh_cloud.progress import DELAY, in_notebook, progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def output_of(
    monkeypatch: pytest.MonkeyPatch, screen: io.StringIO, delay: float, steps: int = 10, unit: str = "B"
) -> str:
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr("bokeh_cloud.progress.DELAY", delay)
    with progress("Publishing sine", 100 * steps, unit=unit) as advance:
        for _ in range(steps):
            time.sleep(0.03)
            advance(100)
    return screen.getvalue()


def test_what_takes_long_shows_rate_and_time_left_however_small_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = output_of(monkeypatch, Terminal(), 0.05)
    assert "Publishing sine" in output
    assert "B/s" in output
    assert "<" in output  # elapsed<left


def test_plots_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "plots/s" in output_of(monkeypatch, Terminal(), 0.05, unit="plots")


def test_what_is_done_at_once_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert output_of(monkeypatch, Terminal(), DELAY, steps=2) == ""


def test_nothing_is_written_to_files(monkeypatch: pytest.MonkeyPatch) -> None:
    assert output_of(monkeypatch, io.StringIO(), 0.05) == ""


def test_notebooks_are_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()
    for application, expected in (("IPKernelApp", True), ("TerminalIPythonApp", False)):
        shell = SimpleNamespace(config={application: {}})
        fake = SimpleNamespace(get_ipython=lambda shell=shell: shell)
        monkeypatch.setitem(sys.modules, "IPython", fake)
        assert in_notebook() is expected
