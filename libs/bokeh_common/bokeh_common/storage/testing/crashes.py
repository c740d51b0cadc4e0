"""The contract of both stores when the process that uses them is killed, or forks."""

import os
import subprocess
import sys
import time

from bokeh_common.errors import Conflict
from bokeh_common.storage.testing import races
from bokeh_common.storage.testing.medium import Medium

MIB = 1 << 20


class CrashContract:
    """What stores promise about processes; a subclass offers the fixture `medium`."""

    def test_half_a_blob_is_never_seen(self, medium: Medium) -> None:
        medium.blobs().put("blob", [b"old"])
        with _program("write_half", medium) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "half\n"
            process.kill()
        store = medium.blobs()
        assert b"".join(store.get("blob")) == b"old"
        assert [(stat.key, stat.size) for stat in store.list()] == [("blob", 3)]
        store.put("blob", [b"m" * 9 * MIB])
        assert b"".join(store.get("blob")) == b"m" * 9 * MIB

    def test_what_is_confirmed_is_kept(self, medium: Medium) -> None:
        with _program("count_up", medium) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.5)
            process.kill()
            confirmed = int(process.stdout.read().split()[-1])
        store, found = medium.records(), medium.records().get("record")
        assert found.value in {confirmed, confirmed + 1}
        try:
            store.put("record", "next", if_match=found.etag)
        except Conflict:  # the server was still at work on what the process sent last
            found = store.get("record")
            assert found.value == confirmed + 1
            store.put("record", "next", if_match=found.etag)

    def test_a_forked_child_uses_the_store(self, medium: Medium) -> None:
        records, blobs = medium.records(), medium.blobs()
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


def _program(name: str, medium: Medium) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-m",
        "bokeh_common.storage.testing.programs",
        name,
        medium.url,
        medium.namespace,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
