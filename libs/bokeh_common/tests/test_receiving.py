"""Bodies as they are read from a connection: whole, in order, and at some pace, however they come."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
from gunicorn.http.body import Body, LengthReader
from hypothesis import given, settings
from hypothesis import strategies as st

from bokeh_common.errors import TooSlow
from bokeh_common.http.receiving import LARGE, PatientSocket, PatientUnreader

DATA = bytes(range(256)) * (3 * LARGE // 256) + b"the end"


@contextmanager
def sending(pieces: list[bytes], patience: float = 9.0, more: bool = False) -> Iterator[PatientUnreader]:
    """Send pieces one by one, and hang up unless there would be `more`; yield who receives them."""
    ours, theirs = socket.socketpair()

    def send() -> None:
        for piece in pieces:
            theirs.sendall(piece)
        if not more:
            theirs.close()

    sender = threading.Thread(target=send)
    sender.start()
    with PatientSocket(ours, patience, 1.0) as connection:
        yield PatientUnreader(connection, patience, 1.0)
        sender.join()
    theirs.close()


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 300_000),
    st.lists(st.integers(1, len(DATA)), max_size=6),
    st.lists(st.sampled_from([1000, LARGE - 1, LARGE, LARGE + 1, 1 << 20]), min_size=1, max_size=4),
)
def test_a_body_comes_whole_and_what_follows_it_stays(known: int, cuts: list[int], sizes: list[int]) -> None:
    edges = [known, *sorted(cut for cut in cuts if cut > known), len(DATA)]
    pieces = [DATA[a:b] for a, b in pairwise(edges)]
    pieces[-1] += b"GET / HTTP/1.1"
    with sending(pieces) as unreader:
        unreader.unread(DATA[:known])  # what came with the head
        body, found = Body(LengthReader(unreader, len(DATA))), b""
        while block := body.read(sizes[len(found) % len(sizes)]):
            found += block
        assert found == DATA
        assert unreader.read(14) == b"GET / HTTP/1.1"


def test_a_body_that_ends_early_is_short() -> None:
    with sending([DATA[:-7]]) as unreader:
        body = Body(LengthReader(unreader, len(DATA)))
        assert b"".join(iter(lambda: body.read(1 << 20), b"")) == DATA[:-7]


@pytest.mark.parametrize("sent", [b"", DATA[: LARGE + 1]])
def test_a_body_that_stops_is_too_slow(sent: bytes) -> None:
    with sending([sent], patience=0.2, more=True) as unreader:
        body = Body(LengthReader(unreader, len(DATA)))
        unreader._least = 1e9
        with pytest.raises(TooSlow):
            list(iter(lambda: body.read(1 << 20), b""))
