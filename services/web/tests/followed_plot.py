"""A plot that event streams follow, without a server."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bokeh_common.errors import CloudError, NotFound
from bokeh_common.http.change_notices import ChangePublisher, plot_topic, source_topic
from bokeh_web.live.event_streams import EventStreams, Listener

PLOT, SOURCE = "plot", "source"


class FakePlot:
    """A plot with one live source, as the plots service describes it."""

    def __init__(self) -> None:
        self.version = 1
        self.end = 0
        self.visibility = "link"
        self.is_deleted = False
        self.refused = False
        self.refusal: CloudError = NotFound("This plot is private.")
        self.looks = 0

    @property
    def state(self) -> str:
        return f"{self.version}-{self.end:016x}-{self.end}"

    async def changes(self, plot: str, since: str, until: str | None) -> dict[str, Any]:
        await asyncio.sleep(0)
        self.looks += 1
        if self.is_deleted or plot != PLOT:
            raise NotFound("There is no such plot.")
        known = int(since.split("-")[2]) if since.startswith(f"{self.version}-") else None
        end = self.end if until is None else int(until.split("-")[2])
        return {
            "version": self.version,
            "visibility": self.visibility,
            "state": self.state,
            "live": [SOURCE],
            "sources": None if known is None else [{"rows": [known, end]}],
        }

    async def check(self) -> None:
        if self.refused:
            raise self.refusal

    def append(self, rows: int = 1) -> None:
        self.end += rows
        ChangePublisher().publish(source_topic(SOURCE))

    def change(self) -> None:
        ChangePublisher().publish(plot_topic(PLOT))


class Stream:
    """An open stream, whose blocks are parsed into events."""

    def __init__(self, blocks: AsyncIterator[bytes]) -> None:
        self.blocks = blocks
        self._events: list[dict[str, str]] = []
        self._rest = b""

    async def event(self) -> dict[str, Any]:
        """Return the next event; `{}` at the end of the stream."""
        async with asyncio.timeout(10):
            while not self._events:
                block = await anext(self.blocks, None)
                if block is None:
                    return {}
                complete, end, self._rest = (self._rest + block).rpartition(b"\n\n")
                self._events += parse(complete + end) if end else []
        return self._events.pop(0)

    async def rows(self) -> list[int]:
        """Return from where to where the rows of the next event go."""
        found: list[int] = json.loads((await self.event())["data"])["sources"][0]["rows"]
        return found


def parse(block: bytes) -> list[dict[str, str]]:
    events = [dict(line.split(": ", 1) for line in text.split("\n") if line != ":") for text in
              block.decode().removesuffix("\n\n").split("\n\n")]  # fmt: skip
    return [event for event in events if "event" in event]


@asynccontextmanager
async def following(
    plot: FakePlot, since: str | None = None, user: str = "", streams: EventStreams | None = None
) -> AsyncIterator[Stream]:
    streams = streams or EventStreams(plot.changes, is_one_process=True)
    blocks: Any = await streams.open(Listener(PLOT, plot.check, user or None, user), since, True)
    assert (await anext(blocks)).startswith(b"retry: 3000\n\n") or since
    try:
        yield Stream(blocks)
    finally:
        await blocks.aclose()
