"""The worker as a process."""

import os
import subprocess
import sys


def test_once_ends_and_says_that_it_could_not(storage: str) -> None:
    nobody = {f"BOKEH_CLOUD_{name}_URL": "http://127.0.0.1:9" for name in ("AUTH", "PLOTS", "DATA")}
    env = {**os.environ, "BOKEH_CLOUD_STORAGE": storage, **nobody}
    command = [sys.executable, "-m", "bokeh_gc", "--once"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "does not answer" in done.stderr
