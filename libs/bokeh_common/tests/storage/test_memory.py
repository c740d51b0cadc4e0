"""Blobs of any size go through every backend in bounded memory."""

import os
import subprocess
import sys

from bokeh_common.storage.testing.medium import Medium

#: Bytes: 1 GiB where time is no matter, a quarter of it elsewhere.
SIZE = 1 << 30 if os.environ.get("CI") else 1 << 28
GROWTH = 64 << 20


def test_a_large_blob(medium: Medium) -> None:
    program = ["-m", "bokeh_common.storage.testing.programs", "stream"]
    command = [sys.executable, *program, medium.url, medium.namespace, str(SIZE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < GROWTH
