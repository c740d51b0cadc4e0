"""The contract of both stores for failures of the network and the server."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from bokeh_common.errors import Conflict, NotFound, Unavailable
from bokeh_common.storage import ABSENT
from bokeh_common.storage.testing.contract.streams import MIB
from bokeh_common.storage.testing.servers.proxied_backends import TIMEOUT_SECONDS, ProxiedBackend

#: No attempt starts after the timeout, and the last one takes at most as long; opening a new connection may
#: take a third timeout.
BOUND_SECONDS = 3 * TIMEOUT_SECONDS + 1.0


READS: dict[str, Callable[[ProxiedBackend], object]] = {
    "get": lambda proxied: proxied.records.get("record"),
    "list": lambda proxied: proxied.records.list(),
    "get blob": lambda proxied: proxied.read(),
    "stat": lambda proxied: proxied.blobs.stat("blob"),
    "list blobs": lambda proxied: proxied.blobs.list(),
}
#: They do not change what `ProxiedBackend.reset` stores.
WRITES: dict[str, Callable[[ProxiedBackend], object]] = {
    "put": lambda proxied: proxied.records.put("new", 1),
    "create": lambda proxied: proxied.records.put("new", 1, if_match=ABSENT),
    "delete": lambda proxied: proxied.records.delete("new"),
    "put blob": lambda proxied: proxied.blobs.put("new", [b"x" * 6 * MIB]),
    "put small blob": lambda proxied: proxied.blobs.put("new", [b"x"]),
    "touch": lambda proxied: proxied.blobs.touch("blob"),
    "delete blob": lambda proxied: proxied.blobs.delete("new"),
}
OPERATIONS = READS | WRITES


class NetworkFaultContract:
    """Tests of every store with a server; a subclass provides the fixture `proxied`."""

    @pytest.mark.parametrize("name", OPERATIONS)
    def test_a_call_is_retried_after_a_reset(self, proxied: ProxiedBackend, name: str) -> None:
        with proxied.proxy.resetting(1), within_bound():
            OPERATIONS[name](proxied)
        assert proxied.proxy.faults == 1
        self.undo(proxied)

    @pytest.mark.parametrize("name", OPERATIONS)
    def test_a_call_is_retried_after_a_lost_response(self, proxied: ProxiedBackend, name: str) -> None:
        with proxied.proxy.losing_responses(1), within_bound():
            OPERATIONS[name](proxied)
        assert proxied.proxy.faults == 1
        self.undo(proxied)

    @pytest.mark.parametrize("name", OPERATIONS)
    def test_persistent_resets_are_unavailable(self, proxied: ProxiedBackend, name: str) -> None:
        with proxied.proxy.resetting(), within_bound(), pytest.raises(Unavailable):
            OPERATIONS[name](proxied)
        proxied.check_intact()

    @pytest.mark.parametrize("name", OPERATIONS)
    def test_a_server_that_does_not_respond_is_unavailable(self, proxied: ProxiedBackend, name: str) -> None:
        with proxied.proxy.stalling(), within_bound(), pytest.raises(Unavailable):
            OPERATIONS[name](proxied)
        proxied.check_intact()

    def test_a_create_whose_response_is_lost_succeeds(self, proxied: ProxiedBackend) -> None:
        with proxied.proxy.losing_responses(1):
            etag = proxied.records.put("new", 1, if_match=ABSENT)
        assert proxied.records.get("new").etag == etag
        with pytest.raises(Conflict):
            proxied.records.put("new", 2, if_match=ABSENT)

    def test_a_swap_whose_response_is_lost_succeeds(self, proxied: ProxiedBackend) -> None:
        etag = proxied.records.get("record").etag
        with proxied.proxy.losing_responses(1):
            etag = proxied.records.put("record", "new", if_match=etag)
        assert proxied.records.put("record", "newer", if_match=etag)

    def test_a_delete_whose_response_is_lost_does_not_conflict(self, proxied: ProxiedBackend) -> None:
        etag = proxied.records.get("record").etag
        with proxied.proxy.losing_responses(1), suppress(Unavailable):  # but not Conflict
            proxied.records.delete("record", if_match=etag)
        with pytest.raises(NotFound):
            proxied.records.get("record")

    def test_the_server_is_killed_and_restarted(self, proxied: ProxiedBackend) -> None:
        proxied.kill()
        for call in OPERATIONS.values():
            with within_bound(), pytest.raises(Unavailable):
                call(proxied)
        proxied.server.start()
        proxied.check_intact()

    def test_the_server_is_killed_during_a_write(self, proxied: ProxiedBackend) -> None:
        for key in ("new", "blob"):
            with pytest.raises(Unavailable):
                proxied.blobs.put(key, interrupted_blocks(proxied.kill))
            proxied.server.start()
            proxied.check_intact()

    def test_the_server_is_restarted_during_a_write(self, proxied: ProxiedBackend) -> None:
        def restart() -> None:
            proxied.kill()
            proxied.server.start()

        try:
            proxied.blobs.put("new", interrupted_blocks(restart))
        except Unavailable:
            proxied.check_intact()
        else:
            assert b"".join(proxied.blobs.get("new")) == b"n" * 12 * MIB

    def test_the_server_is_killed_during_a_read(self, proxied: ProxiedBackend) -> None:
        proxied.direct.blobs().put("long", [b"x" * 12 * MIB])
        blocks = proxied.blobs.get("long")
        next(blocks)
        proxied.kill()
        with within_bound(), pytest.raises(Unavailable):
            list(blocks)
        proxied.server.start()
        assert len(b"".join(proxied.blobs.get("long"))) == 12 * MIB

    def test_confirmed_writes_survive_a_kill_of_the_server(self, proxied: ProxiedBackend) -> None:
        for number in range(20):
            proxied.records.put(f"confirmed{number:02}", number)
            proxied.blobs.put(f"confirmed{number:02}", [b"x" * number])
        proxied.kill()
        proxied.server.start()
        assert [record.value for record in proxied.records.list("confirmed")] == list(range(20))
        assert [stat.size for stat in proxied.blobs.list("confirmed")] == list(range(20))

    def undo(self, proxied: ProxiedBackend) -> None:
        """Check that a write was executed completely, and undo it."""
        for stat in proxied.blobs.list("new"):
            assert len(b"".join(proxied.blobs.get("new"))) == stat.size
        proxied.records.delete("new")
        proxied.blobs.delete("new")
        proxied.check_intact()


def interrupted_blocks(call: Callable[[], None]) -> Iterator[bytes]:
    """Yield 12 MiB, and call a function in the middle."""
    yield b"n" * 6 * MIB
    call()
    yield b"n" * 6 * MIB


@contextmanager
def within_bound() -> Iterator[None]:
    """Check that the block ends within `BOUND_SECONDS`."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < BOUND_SECONDS
