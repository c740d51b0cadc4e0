"""The contract of both stores when the process that uses them is killed."""

import subprocess
import sys
import time

from bokeh_common.storage.testing.medium import Medium

MIB = 1 << 20


class CrashContract:
    """What is left when a process was killed; a subclass offers the fixture `medium`."""

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
        found = medium.records().get("record")
        assert found.value in {confirmed, confirmed + 1}
        medium.records().put("record", "next", if_match=found.etag)


def _program(name: str, medium: Medium) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-m",
        "bokeh_common.storage.testing.programs",
        name,
        medium.url,
        medium.namespace,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own program
