"""The worker as a process: `python -m bokeh_gc --once`."""

import os
import subprocess
import sys


def test_a_run_that_fails_exits_with_status_1(storage: str) -> None:
    unreachable = {f"BOKEH_CLOUD_{name}_URL": "http://127.0.0.1:9" for name in ("AUTH", "PLOTS", "DATA")}
    env = {**os.environ, "BOKEH_CLOUD_STORAGE": storage, **unreachable}
    command = [sys.executable, "-m", "bokeh_gc", "--once"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "does not respond" in done.stderr
