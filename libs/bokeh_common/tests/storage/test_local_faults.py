"""The local backend on full and read-only disks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

UNPRIVILEGED_USER = 65534

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
if not small:  # without a small disk, limit the size of files instead
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, limits[1]))

def expect_unavailable(call):
    try:
        call()
    except Unavailable as error:
        return error
    raise AssertionError(f"{call} did not fail")

expect_unavailable(lambda: blobs.put("blob", (b"x" * (1 << 20) for _ in range(8))))
assert [path.name for path in Path(folder, "s", "incoming").iterdir()] == []
filled = 0
try:
    while filled < 40:
        records.put(f"fill{filled:02}", "x" * 300_000)
        filled += 1
except Unavailable:
    pass
assert 0 < filled < 40
expect_unavailable(lambda: records.put("record", "x" * 1_000_000))
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
    for name in ["", *files]:
        os.chmod(os.path.join(root, name), 0o400 if name else 0o500)
        if os.geteuid() == 0:
            os.chown(os.path.join(root, name), int(sys.argv[2]), -1)
if os.geteuid() == 0:
    os.setuid(int(sys.argv[2]))
failed = 0
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
        failed += 1
assert failed == 5, failed
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
    """A disk of 4 MiB if this process may mount one; else a folder, and the program limits file sizes."""
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", tmp_path]).returncode
    ):
        yield tmp_path, "limit"
        return
    yield tmp_path, "small"
    subprocess.run(["umount", "--lazy", tmp_path], check=True)


def test_a_full_disk_is_unavailable(disk: tuple[Path, str]) -> None:
    run(FILL, *disk)


def test_a_limit_of_file_sizes_is_unavailable(tmp_path: Path) -> None:
    run(FILL, tmp_path, "limit")


def test_a_read_only_folder_can_be_read(tmp_path: Path) -> None:
    from bokeh_common.storage import open_blobs, open_records

    folder = tmp_path / "storage"
    open_records(f"local://{folder}", "s").put("record", "old")
    open_blobs(f"local://{folder}", "s").put("blob", [b"old"])
    for parent in (tmp_path, *tmp_path.parents[:-2]):  # pytest creates them for their owner only
        parent.chmod(0o755)
    run(READ_ONLY, folder, UNPRIVILEGED_USER)
