"""Many readers that do not go on hold little memory, whatever the backend reads at a time."""

import hashlib
import tracemalloc

from bokeh_common.storage.testing.servers.backend import Backend

MIB = 1 << 20
READERS = 60
SIZE = 5 * MIB
MAX_MEMORY = 100 * MIB


def test_slow_readers_hold_little_memory(backend: Backend) -> None:
    blobs = backend.blobs()
    content = bytes(range(256)) * (SIZE // 256)
    blobs.put("blob", [content])
    tracemalloc.start()
    readers = [blobs.get("blob") for _ in range(READERS)]
    started = [next(iter(reader)) for reader in readers]
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < MAX_MEMORY
    digest = hashlib.sha256(content).hexdigest()
    for first, reader in zip(started, readers, strict=True):
        assert hashlib.sha256(first + b"".join(reader)).hexdigest() == digest
