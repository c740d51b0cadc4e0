import io
import sys
from types import SimpleNamespace

import pytest

from bokeh_cloud.progress import MIN_BYTES, in_notebook, progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def output_of(monkeypatch: pytest.MonkeyPatch, screen: io.StringIO, total: int) -> str:
    monkeypatch.setattr(sys, "stderr", screen)
    with progress("Publishing sine", total) as advance:
        advance(total // 2)
        advance(total - total // 2)
    return screen.getvalue()


def test_a_long_upload_shows_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    output = output_of(monkeypatch, Terminal(), 50_000_000)
    assert "Publishing sine" in output
    assert "B/s" in output
    assert "<" in output  # elapsed<left


def test_a_short_upload_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert output_of(monkeypatch, Terminal(), MIN_BYTES) == ""


def test_nothing_is_written_to_files(monkeypatch: pytest.MonkeyPatch) -> None:
    assert output_of(monkeypatch, io.StringIO(), 50_000_000) == ""


def test_notebooks_are_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()
    for application, expected in (("IPKernelApp", True), ("TerminalIPythonApp", False)):
        shell = SimpleNamespace(config={application: {}})
        fake = SimpleNamespace(get_ipython=lambda shell=shell: shell)
        monkeypatch.setitem(sys.modules, "IPython", fake)
        assert in_notebook() is expected
