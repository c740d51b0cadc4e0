"""Ports for the servers of tests.

A port that the kernel chose (port 0) is free when it is returned, but the kernel may give it to an outgoing
connection before the server listens. Ports below the kernel's range are taken by servers only.
"""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from itertools import cycle

#: Below 32768, where the range for outgoing connections begins on Linux; higher on other systems.
FIRST_PORT, LAST_PORT = 12_000, 31_999

PORTS_OF_WORKER = 2_500  # tests may run in several processes of pytest-xdist, each with ports of its own


def _candidates() -> Iterator[int]:
    """Yield the ports of this process again and again, starting at one that depends on its id."""
    number = int("0" + re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")))
    first = FIRST_PORT + number * PORTS_OF_WORKER % (LAST_PORT + 1 - FIRST_PORT)
    start = os.getpid() % PORTS_OF_WORKER
    return cycle(first + (start + i) % PORTS_OF_WORKER for i in range(PORTS_OF_WORKER))


_CANDIDATES = _candidates()


def free_port() -> int:
    """Return a port on which no process listens, and which is not returned again soon."""
    return next(port for port in _CANDIDATES if _is_free(port))


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
