"""The local backend on disks that are full or read-only."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534

FILL = """
import resource, sys
from pathlib import Path
from bokeh_common.errors import Unavailable
from bokeh_common.storage import open_blobs, open_records

folder, small = sys.argv[1], sys.argv[2] == "small"
records, blobs = open_records(f"local://{folder}", "s"), open_blobs(f"local://{folder}", "s")
records.put("record", "old")
blobs.put("blob", [b"old"])
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
if not small:  # no disk of our own: files may not grow instead
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, limits[1]))

def refused(call):
    try:
        call()
    except Unavailable as error:
        return error
    raise AssertionError(f"{call} did not fail")

refused(lambda: blobs.put("blob", (b"x" * (1 << 20) for _ in range(8))))
assert [path.name for path in Path(folder, "s", "incoming").iterdir()] == []
filled = 0
try:
    while filled < 40:
        records.put(f"fill{filled:02}", "x" * 300_000)
        filled += 1
except Unavailable:
    pass
assert 0 < filled < 40
refused(lambda: records.put("record", "x" * 1_000_000))
assert records.get("record").value == "old"
assert b"".join(blobs.get("blob")) == b"old"
assert [stat.key for stat in blobs.list()] == ["blob"]
assert [record.key for record in records.list("fill")] == [f"fill{number:02}" for number in range(filled)]
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
if small:
    import subprocess
    subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True)
records.put("record", "new")
blobs.put("blob", [b"new" * 1_000_000])
assert records.get("record").value == "new"
assert len(b"".join(blobs.get("blob"))) == 3_000_000
print("done")
"""

READ_ONLY = """
import os, sys
from bokeh_common.errors import Unavailable
from bokeh_common.storage import open_blobs, open_records

folder = sys.argv[1]
records, blobs = open_records(f"local://{folder}", "s"), open_blobs(f"local://{folder}", "s")
for root, folders, files in os.walk(folder):
    os.chmod(root, 0o555)
    for file in files:
        os.chmod(os.path.join(root, file), 0o444)
if os.geteuid() == 0:
    os.setuid(int(sys.argv[2]))
refused = 0
for call in (
    lambda: blobs.put("blob", [b"new"]),
    lambda: blobs.delete("blob"),
    lambda: open_records(f"local://{folder}", "s").put("record", "new"),
    lambda: open_records(f"local://{folder}", "other"),
    lambda: open_blobs(f"local://{folder}", "other"),
):
    try:
        call()
    except Unavailable:
        refused += 1
assert refused == 5, refused
assert b"".join(blobs.get("blob")) == b"old"
assert [stat.key for stat in blobs.list()] == ["blob"]
print("done")
"""


def run(program: str, *arguments: object) -> None:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("done\n", "")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A disk of 4 MiB where we may mount one; else a folder, and the program limits its files."""
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", tmp_path]).returncode
    ):
        yield tmp_path, "limit"
        return
    yield tmp_path, "small"
    subprocess.run(["umount", "--lazy", tmp_path], check=True)


def test_a_full_disk(disk: tuple[Path, str]) -> None:
    run(FILL, *disk)


def test_files_that_may_not_grow(tmp_path: Path) -> None:
    run(FILL, tmp_path, "limit")


def test_a_read_only_folder(tmp_path: Path) -> None:
    from bokeh_common.storage import open_blobs, open_records

    folder = tmp_path / "storage"
    open_records(f"local://{folder}", "s").put("record", "old")
    open_blobs(f"local://{folder}", "s").put("blob", [b"old"])
    for parent in (tmp_path, *tmp_path.parents[:-2]):  # pytest's own are for their owner alone
        parent.chmod(0o755)
    run(READ_ONLY, folder, NOBODY)
