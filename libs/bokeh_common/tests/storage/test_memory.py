"""All backends stream large blobs in bounded memory."""

import subprocess
import sys

from bokeh_common.storage.testing.servers.backend import Backend

#: Memory that grew by a sixteenth of a blob would be found.
SIZE = 128 << 20
MAX_GROWTH = SIZE >> 4


def test_memory_does_not_grow_with_a_blob(backend: Backend) -> None:
    program = ["-m", "bokeh_common.storage.testing.contract.programs", "stream"]
    command = [sys.executable, *program, backend.url, backend.namespace, str(SIZE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < MAX_GROWTH
