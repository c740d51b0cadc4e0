"""The contract of both stores when the network or the server fails."""

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from bokeh_common.errors import Conflict, NotFound, Unavailable
from bokeh_common.storage import ABSENT, BlobStore, RecordStore
from bokeh_common.storage.testing.medium import Medium
from bokeh_common.storage.testing.proxy import FaultProxy
from bokeh_common.storage.testing.servers import Server

MIB = 1 << 20
SECONDS = 1.5  # the time-out of the stores, by their URL
#: No attempt begins after the time-out, and the last takes as long; what opens a new connection may need
#: another.
BOUND = 3 * SECONDS + 1.0


class Network(ABC):
    """A store that is reached through a proxy, on a server of this test alone.

    Attributes:
        direct: the same data, without the proxy.
        records, blobs: the stores under test; they hold ``record`` = "old", and ``blob``.
        old: the bytes of ``blob``.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.proxy = FaultProxy(server.port)
        self.old = os.urandom(6 * MIB)
        self.direct = self.medium(server.port)
        through = self.medium(self.proxy.port)
        through.namespace = self.direct.namespace
        self.records: RecordStore = through.records()
        self.blobs: BlobStore = through.blobs()

    def reset(self) -> "Network":
        """Store what is there before each test, and nothing else."""
        for record in self.records.list():
            self.records.delete(record.key)
        for stat in self.blobs.list():
            if (stat.key, stat.size) != ("blob", len(self.old)):
                self.blobs.delete(stat.key)
        self.records.put("record", "old")
        if not self.blobs.list():
            self.blobs.put("blob", [self.old])
        return self

    @abstractmethod
    def medium(self, port: int) -> Medium:
        """Return the backend at a port."""

    def kill(self) -> None:
        """Kill the server, when what was confirmed is as durable as the store claims."""
        time.sleep(self.records.traits.lost_seconds)
        self.server.kill()

    def read(self) -> bytes:
        """Return the bytes of ``blob``."""
        return b"".join(self.blobs.get("blob"))

    def check_intact(self) -> None:
        """Check that what was there is there, and nothing else."""
        assert self.direct.stored_records() == {"record": "old"}
        assert self.direct.stored_blobs() == {"blob": self.old}
        assert self.records.get("record").value == "old"
        assert self.read() == self.old
        assert [stat.key for stat in self.blobs.list()] == ["blob"]


READS: dict[str, Callable[[Network], object]] = {
    "get": lambda network: network.records.get("record"),
    "list": lambda network: network.records.list(),
    "get blob": lambda network: network.read(),
    "stat": lambda network: network.blobs.stat("blob"),
    "list blobs": lambda network: network.blobs.list(),
}
#: None of them changes what `Network.reset` stored.
WRITES: dict[str, Callable[[Network], object]] = {
    "put": lambda network: network.records.put("new", 1),
    "create": lambda network: network.records.put("new", 1, if_match=ABSENT),
    "delete": lambda network: network.records.delete("new"),
    "put blob": lambda network: network.blobs.put("new", [b"x" * 6 * MIB]),
    "put small blob": lambda network: network.blobs.put("new", [b"x"]),
    "touch": lambda network: network.blobs.touch("blob"),
    "delete blob": lambda network: network.blobs.delete("new"),
}
CALLS = READS | WRITES


class NetworkFaultContract:
    """What a store promises that is reached through a network; a subclass offers the fixture `network`."""

    @pytest.mark.parametrize("name", CALLS)
    def test_a_connection_is_reset_once(self, network: Network, name: str) -> None:
        with network.proxy.resetting(1), bounded():
            CALLS[name](network)
        assert network.proxy.struck == 1
        self.undo(network)

    @pytest.mark.parametrize("name", CALLS)
    def test_a_reply_is_lost_once(self, network: Network, name: str) -> None:
        with network.proxy.losing_replies(1), bounded():
            CALLS[name](network)
        assert network.proxy.struck == 1
        self.undo(network)

    @pytest.mark.parametrize("name", CALLS)
    def test_connections_are_reset(self, network: Network, name: str) -> None:
        with network.proxy.resetting(), bounded(), pytest.raises(Unavailable):
            CALLS[name](network)
        network.check_intact()

    @pytest.mark.parametrize("name", CALLS)
    def test_no_answer(self, network: Network, name: str) -> None:
        with network.proxy.stalling(), bounded(), pytest.raises(Unavailable):
            CALLS[name](network)
        network.check_intact()

    def test_a_create_whose_reply_is_lost_has_won(self, network: Network) -> None:
        with network.proxy.losing_replies(1):
            etag = network.records.put("new", 1, if_match=ABSENT)
        assert network.records.get("new").etag == etag
        with pytest.raises(Conflict):
            network.records.put("new", 2, if_match=ABSENT)

    def test_a_swap_whose_reply_is_lost_has_won(self, network: Network) -> None:
        etag = network.records.get("record").etag
        with network.proxy.losing_replies(1):
            etag = network.records.put("record", "new", if_match=etag)
        assert network.records.put("record", "newer", if_match=etag)

    def test_a_delete_whose_reply_is_lost_has_not_lost(self, network: Network) -> None:
        etag = network.records.get("record").etag
        with network.proxy.losing_replies(1), suppress(Unavailable):  # not Conflict: nobody else deleted it
            network.records.delete("record", if_match=etag)
        with pytest.raises(NotFound):
            network.records.get("record")

    def test_the_server_is_killed_and_restarted(self, network: Network) -> None:
        network.kill()
        for call in CALLS.values():
            with bounded(), pytest.raises(Unavailable):
                call(network)
        network.server.start()
        network.check_intact()

    def test_the_server_is_killed_in_mid_write(self, network: Network) -> None:
        for key in ("new", "blob"):
            with pytest.raises(Unavailable):
                network.blobs.put(key, cut_off(network.kill))
            network.server.start()
            network.check_intact()

    def test_the_server_is_restarted_in_mid_write(self, network: Network) -> None:
        def restart() -> None:
            network.kill()
            network.server.start()

        try:
            network.blobs.put("new", cut_off(restart))
        except Unavailable:
            network.check_intact()
        else:
            assert b"".join(network.blobs.get("new")) == b"n" * 12 * MIB

    def test_the_server_is_killed_in_mid_read(self, network: Network) -> None:
        network.direct.blobs().put("long", [b"x" * 12 * MIB])
        blocks = network.blobs.get("long")
        next(blocks)
        network.kill()
        with bounded(), pytest.raises(Unavailable):
            list(blocks)
        network.server.start()
        assert len(b"".join(network.blobs.get("long"))) == 12 * MIB

    def test_what_was_confirmed_survives_a_kill(self, network: Network) -> None:
        for number in range(20):
            network.records.put(f"confirmed{number:02}", number)
            network.blobs.put(f"confirmed{number:02}", [b"x" * number])
        network.kill()
        network.server.start()
        assert [record.value for record in network.records.list("confirmed")] == list(range(20))
        assert [stat.size for stat in network.blobs.list("confirmed")] == list(range(20))

    def undo(self, network: Network) -> None:
        """Check that a call did what it does, completely, and undo it."""
        for stat in network.blobs.list("new"):
            assert len(b"".join(network.blobs.get("new"))) == stat.size
        network.records.delete("new")
        network.blobs.delete("new")
        network.check_intact()


def cut_off(call: Callable[[], None]) -> Iterator[bytes]:
    """Yield 12 MiB, with a call in the middle."""
    yield b"n" * 6 * MIB
    call()
    yield b"n" * 6 * MIB


@contextmanager
def bounded() -> Iterator[None]:
    """Check that what happens within does not outlast the time-out."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < BOUND
