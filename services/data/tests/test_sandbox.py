"""Sandbox processes start with what they need and nothing else, which is most of the time that files take."""

import subprocess
import sys

import pytest

from bokeh_data.sandbox.process import EXIT_SECONDS, sandbox


@pytest.mark.parametrize(("module", "code"), [("string", 0), ("pandas._typing", 1)])
def test_pandas_cannot_be_imported(module: str, code: int) -> None:
    with sandbox(module, stdin=subprocess.DEVNULL) as process:
        assert process.wait(EXIT_SECONDS) == code


@pytest.mark.parametrize(
    "module", ["bokeh_data.ingest.reader_process", "bokeh_data.sandbox.validator_process"]
)
def test_no_library_of_http_is_imported(module: str) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert {"falcon", "httpx", "gunicorn"} & set(done.stdout.split()) == set()
