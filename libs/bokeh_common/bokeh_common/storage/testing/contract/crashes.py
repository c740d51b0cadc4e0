"""The contract of both stores for processes that are killed or fork."""

import os
import subprocess
import sys
import time

from bokeh_common.errors import Conflict
from bokeh_common.storage.testing.contract import races
from bokeh_common.storage.testing.servers.backend import Backend

MIB = 1 << 20


class CrashContract:
    """Tests with processes; a subclass provides the fixture `backend`."""

    def test_a_partly_written_blob_is_never_visible(self, backend: Backend) -> None:
        backend.blobs().put("blob", [b"old"])
        with _start_program("write_half", backend) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "half\n"
            process.kill()
        store = backend.blobs()
        assert b"".join(store.get("blob")) == b"old"
        assert [(stat.key, stat.size) for stat in store.list()] == [("blob", 3)]
        store.put("blob", [b"m" * 9 * MIB])
        assert b"".join(store.get("blob")) == b"m" * 9 * MIB

    def test_confirmed_writes_survive_a_kill(self, backend: Backend) -> None:
        with _start_program("count_up", backend) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.5)
            process.kill()
            confirmed = int(process.stdout.read().split()[-1])
        store, found = backend.records(), backend.records().get("record")
        assert found.value in {confirmed, confirmed + 1}
        try:
            store.put("record", "next", if_match=found.etag)
        except Conflict:  # the server was still processing the last write
            found = store.get("record")
            assert found.value == confirmed + 1
            store.put("record", "next", if_match=found.etag)

    def test_a_forked_child_uses_the_store(self, backend: Backend) -> None:
        records, blobs = backend.records(), backend.blobs()
        records.put("counter", 0)
        blobs.put("blob", [b"x" * 5 * MIB])
        child = os.fork()
        if child == 0:
            status = 1
            try:
                races.count(records, "counter", 20)
                status = len(b"".join(blobs.get("blob"))) != 5 * MIB
            finally:
                os._exit(status)
        races.count(records, "counter", 20)
        assert len(b"".join(blobs.get("blob"))) == 5 * MIB
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert records.get("counter").value == 40


def _start_program(name: str, backend: Backend) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-m",
        "bokeh_common.storage.testing.contract.programs",
        name,
        backend.url,
        backend.namespace,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
