"""Serves an ASGI app in a thread of this process, so that tests can change what it uses."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from bokeh_common.http.server.served_app import ASGIApp
from tests.support.ports import free_port


@contextmanager
def serve_in_thread(app: ASGIApp) -> Iterator[str]:
    """Serve an app during the block; yield its URL."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="localhost", port=port, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://localhost:{port}"
    server.should_exit = True
    thread.join()
