"""Clocks of processes, which a test sets while they run (by libfaketime)."""

import time
from collections.abc import Mapping
from pathlib import Path

import libfaketime

LIBRARY = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"


#: Processes read their offset again after this time; reading it each time they need the time is slow.
CACHE_SECONDS = 1


class Clocks:
    """A clock for each process; the monotonic clock and the times of files are real."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._offsets: dict[str, float] = {}

    def environ(self, process: str) -> Mapping[str, str]:
        """Return the environment variables that give a process its clock."""
        self._write(process, 0)
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._path(process)),
            "FAKETIME_CACHE_DURATION": str(CACHE_SECONDS),
            "FAKETIME_DISABLE_SHM": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def set(self, offsets: Mapping[str, float]) -> None:
        """Make the clocks of processes differ from the real one by so many seconds."""
        for process, offset in offsets.items():
            self._write(process, offset)
        time.sleep(CACHE_SECONDS + 0.1)

    def set_all(self, offset: float) -> None:
        """Make all clocks differ from the real one by so many seconds."""
        self.set(dict.fromkeys(self._offsets, offset))

    def advance(self, seconds: float) -> None:
        """Let all clocks jump."""
        self.set({process: offset + seconds for process, offset in self._offsets.items()})

    def _write(self, process: str, offset: float) -> None:
        self._offsets[process] = offset
        new = self._path(process).with_suffix(".new")
        new.write_text(f"{offset:+.0f}\n")
        new.replace(self._path(process))

    def _path(self, process: str) -> Path:
        return self._folder / f"clock-{process}"
