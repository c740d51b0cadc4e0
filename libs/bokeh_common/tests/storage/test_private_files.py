"""The modes of the folders and files of the local backend."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bokeh_common.storage import RecordStore, open_blobs, open_records

LONG_KEY = "long/" + "x" * 400


@pytest.fixture(params=[0o022, 0o000], autouse=True)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """With the usual umask, and with one that hides nothing."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def write(storage: Path) -> list[RecordStore]:
    """Write and read records and blobs of two namespaces; return the records, whose files are open."""
    opened = []
    for namespace in ("data", "plots"):
        records, blobs = (
            open_records(f"local://{storage}", namespace),
            open_blobs(f"local://{storage}", namespace),
        )
        records.put("plot/1", {"title": "Sales"})
        blobs.put("chunks/ada/9f3c", [b"secret"])
        blobs.put(LONG_KEY, [b"secret"])
        assert dict(records.get("plot/1").value) == {"title": "Sales"}
        assert b"".join(blobs.get("chunks/ada/9f3c")) == b"secret"
        opened.append(records)
    return opened


def modes(folder: Path) -> dict[str, int]:
    """Return the modes of a folder and of all that it contains, by path."""
    return {str(path): stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}


def wrong_modes(folder: Path) -> dict[str, str]:
    """Return the paths whose modes are not those of private folders and files."""
    return {
        path: oct(mode)
        for path, mode in modes(folder).items()
        if mode != (0o700 if Path(path).is_dir() else 0o600)
    }


def loosen(folder: Path) -> None:
    """Set the modes that earlier versions gave to folders and files."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_new_folders_and_files_are_private(tmp_path: Path) -> None:
    opened = write(tmp_path / "new" / "storage")
    assert not wrong_modes(tmp_path / "new")
    names = {Path(path).name for path in modes(tmp_path / "new")}
    assert {"records.sqlite", "records.sqlite-wal", "records.sqlite-shm", "lock", "9f3c"} <= names
    assert len(opened) == 2


def test_an_existing_storage_becomes_private_when_it_is_opened(tmp_path: Path) -> None:
    write(tmp_path / "storage")
    loosen(tmp_path / "storage")
    etag = open_blobs(f"local://{tmp_path}/elsewhere", "data").put("a", [b"1"]).etag
    loosen(tmp_path / "elsewhere")
    write(tmp_path / "storage")
    assert not wrong_modes(tmp_path / "storage")
    assert open_blobs(f"local://{tmp_path}/elsewhere", "data").stat("a").etag == etag
    assert not wrong_modes(tmp_path / "elsewhere")


def test_an_interrupted_restriction_is_completed_at_the_next_start(tmp_path: Path) -> None:
    write(tmp_path / "storage")
    loosen(tmp_path / "storage")
    (tmp_path / "storage" / "data" / "blobs").chmod(0o700)
    write(tmp_path / "storage")
    assert not wrong_modes(tmp_path / "storage")


def test_a_folder_with_other_contents_keeps_its_mode(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    (shared / "notes.txt").write_text("for everyone")
    loosen(shared)
    before = modes(shared)
    write(shared)
    assert before.items() <= modes(shared).items()
    assert not wrong_modes(shared / "data")


def test_links_to_other_folders_are_not_followed(tmp_path: Path) -> None:
    elsewhere, storage = tmp_path / "elsewhere", tmp_path / "storage"
    elsewhere.mkdir(mode=0o755)
    write(storage)
    (storage / "data" / "link").symlink_to(elsewhere)
    loosen(storage)
    write(storage)
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755
    assert stat.S_IMODE((storage / "data").stat().st_mode) == 0o700


def test_modes_that_cannot_be_changed_are_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "storage")
    loosen(tmp_path / "storage")

    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", refuse)
    write(tmp_path / "storage")
    assert f"Other users may be able to read {tmp_path / 'storage' / 'data'}" in caplog.text
