"""All backends stream large blobs in bounded memory."""

import os
import subprocess
import sys

from bokeh_common.storage.testing.servers.backend import Backend

#: 1 GiB in CI, and a quarter of it elsewhere, which is faster.
SIZE = 1 << 30 if os.environ.get("CI") else 1 << 28
MAX_GROWTH = 64 << 20


def test_memory_does_not_grow_with_a_blob(backend: Backend) -> None:
    program = ["-m", "bokeh_common.storage.testing.contract.programs", "stream"]
    command = [sys.executable, *program, backend.url, backend.namespace, str(SIZE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < MAX_GROWTH
