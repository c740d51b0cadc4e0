"""The gunicorn worker of the services: that of uvicorn, with the protocol class of this project."""

import ctypes
import resource
import sys
from contextlib import suppress
from typing import Any

from gunicorn.arbiter import Arbiter
from uvicorn_worker import UvicornWorker

from bokeh_common.http.server.connection import BoundedConnection
from bokeh_common.http.server.graceful_server import GracefulServer
from bokeh_common.http.server.process_settings import grace_seconds

#: From malloc.h of glibc.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8

#: Larger blocks of memory, in bytes, are returned to the system as soon as they are freed.
MAX_HEAP_BLOCK = 2 << 20

#: Free bytes at the end of a heap from which on they are returned to the system.
MAX_HEAP_REST = 4 << 20

_MALLOC = {M_ARENA_MAX: 2, M_MMAP_THRESHOLD: MAX_HEAP_BLOCK, M_TRIM_THRESHOLD: MAX_HEAP_REST}


class ServiceWorker(UvicornWorker):  # type: ignore[misc]  # it has no types
    """Serves requests on an event loop, with limits for each connection."""

    #: Arguments of `uvicorn.Config`. Proxy headers are read by `ClientAddressMiddleware`.
    CONFIG_KWARGS: dict[str, Any] = {
        "http": BoundedConnection,
        "loop": "uvloop",
        "ws": "none",
        "lifespan": "on",
        "server_header": False,
        "proxy_headers": False,
        "access_log": False,
        "timeout_graceful_shutdown": max(1, grace_seconds()),
    }

    def init_process(self) -> None:
        """Allow as many open connections as the system does, bound the allocator's heaps, and serve."""
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        with suppress(ValueError, OSError):  # macOS names a limit that it does not allow
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        _bound_heaps()
        super().init_process()

    def run(self) -> None:
        """Serve requests until a signal ends the process."""
        self.config.app = self.wsgi
        server = GracefulServer(self.config)
        server.run(self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)


def _bound_heaps() -> None:
    """Bound what malloc keeps of freed memory (mallopt(3) of glibc).

    Each arena keeps what its threads once needed, so all threads share two. By default, glibc takes ever
    larger blocks from the heaps, up to 32 MiB, once such a block was freed.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries do not have it
    if mallopt is not None:
        for parameter, value in _MALLOC.items():
            mallopt(parameter, value)
