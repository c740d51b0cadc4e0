"""Compressing the chunks that have come to rest, some at a time, while everybody else goes on.

A chunk is looked at once, when nobody has sent or referred to it anew for a while. It stays as it is where
compressing saves little, and where windows have been drawn of it, which read all over it: then its pyramid is
there.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from bokeh_common.errors import NotFound
from bokeh_common.storage import BlobStat, BlobStore
from bokeh_data.compression import LARGEST, SMALLEST
from bokeh_data.forms import AS_IT_IS, Forms

PAGE = 500  # chunks that are listed at once
SECONDS = 5.0  # after which a call answers

PYRAMIDS = "pyramids"


@dataclass
class Progress:
    """What a call did.

    Attributes:
        after: the chunk to go on after; None at the end.
        chunks: how many were compressed.
        saved: bytes of the storage.
    """

    after: str | None
    chunks: int = 0
    saved: int = 0


class Compressor:
    """Changes the form of chunks on a blob store."""

    def __init__(
        self, blobs: BlobStore, clock: Callable[[], float] = time.monotonic, page: int = PAGE
    ) -> None:
        """Say where chunks are, and how many to list at once; the clock counts seconds."""
        self._blobs = blobs
        self._forms = Forms(blobs)
        self._clock = clock
        self._page = page

    def go_on(self, after: str, since: float, until: float) -> Progress:
        """Compress some of the chunks whose names are greater than `after`.

        Args:
            after: the chunk that was looked at last.
            since: POSIX seconds; those that were touched before have been looked at.
            until: POSIX seconds; those that were touched later are not at rest.
        """
        listed = self._blobs.list(f"{AS_IT_IS}/", f"{AS_IT_IS}/{after}", self._page)
        due = [stat for stat in listed if since < stat.touched <= until and SMALLEST <= stat.size <= LARGEST]
        drawn, end = self._drawn(due), self._clock() + SECONDS
        made: list[tuple[BlobStat, int]] = []
        last = name_of(listed[-1].key) if len(listed) == self._page else None
        for stat in due:
            self._look_at(stat, drawn, made)
            if self._clock() > end:
                last = name_of(stat.key)
                break
        return self._replace(made, Progress(last))

    def _look_at(self, stat: BlobStat, drawn: set[str], made: list[tuple[BlobStat, int]]) -> None:
        chunk = name_of(stat.key)
        try:
            size = None if chunk in drawn else self._forms.compress(chunk)
        except NotFound:  # collected meanwhile
            return
        if size is None:
            self._forms.drop_compressed(chunk)
        else:
            made.append((stat, size))

    def _replace(self, made: list[tuple[BlobStat, int]], progress: Progress) -> Progress:
        """Delete the first forms, once no crash of the storage loses the new ones."""
        lost = self._blobs.traits.lost_seconds
        if made and math.isfinite(lost):
            time.sleep(lost)
        for (stat, size), done in zip(
            made, self._blobs.discard([(s.key, s.etag) for s, _ in made]), strict=True
        ):
            if done:
                progress.chunks += 1
                progress.saved += stat.size - size
        return progress

    def _drawn(self, due: list[BlobStat]) -> set[str]:
        """Return those of some chunks, in order, that have a pyramid, and maybe others."""
        found: set[str] = set()
        if not due:
            return found
        after, end = (f"{PYRAMIDS}/{name_of(stat.key)}" for stat in (due[0], due[-1]))
        while page := self._blobs.keys(f"{PYRAMIDS}/", after, PAGE):
            found.update(name_of(key).partition("-")[0] for key in page)
            after = page[-1]
            if after > f"{end}0":  # what comes after all names that go on with a dash
                break
        return found


def name_of(key: str) -> str:
    """Return the chunk that a key is of."""
    return key.rpartition("/")[2]
