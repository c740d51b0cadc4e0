"""The worker as a process: `python -m bokeh_gc --once`."""

import os
import subprocess
import sys

#: Requests to a service that does not respond are repeated for a second, not for as long as a restart takes.
PROGRAM = """
import runpy
from bokeh_common.http.client import outage
outage.MAX_OUTAGE_SECONDS = 1.0
runpy.run_module("bokeh_gc", run_name="__main__")
"""


def test_a_run_that_fails_exits_with_status_1(storage: str) -> None:
    unreachable = {f"BOKEH_CLOUD_{name}_URL": "http://127.0.0.1:9" for name in ("AUTH", "PLOTS", "DATA")}
    env = {**os.environ, "BOKEH_CLOUD_STORAGE": storage, **unreachable}
    command = [sys.executable, "-c", PROGRAM, "--once"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "does not respond" in done.stderr
