"""A TCP proxy that breaks connections in the ways that networks do."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

BUFFER = 1 << 16
DRAIN_SECONDS = 0.3


class FaultProxy:
    """Passes bytes on to a port of this machine, until it is told not to.

    A fault strikes when a client sends something, as often as it was asked for.

    Attributes:
        port: where it listens on 127.0.0.1.
        struck: how often the fault has struck.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._fault = ""
        self._left = 0
        self._answer = b""
        self._lock = threading.Lock()
        self.struck = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    @contextmanager
    def stalling(self) -> Iterator[None]:
        """Keep what clients send to itself, without a word."""
        with self._while("stall"):
            yield

    @contextmanager
    def resetting(self, times: int = 1 << 30) -> Iterator[None]:
        """Reset the connection instead of passing on what a client sends."""
        with self._while("reset", times):
            yield

    @contextmanager
    def losing_replies(self, times: int = 1) -> Iterator[None]:
        """Pass on what a client sends, and reset the connection when the server has answered."""
        with self._while("lose", times):
            yield

    @contextmanager
    def answering(self, status: str, times: int = 1 << 30) -> Iterator[None]:
        """Answer HTTP requests itself."""
        lines = [f"HTTP/1.1 {status}", "Content-Length: 0", "Connection: close", "", ""]
        self._answer = "\r\n".join(lines).encode()
        with self._while("answer", times):
            yield

    @contextmanager
    def _while(self, fault: str, times: int = 1 << 30) -> Iterator[None]:
        self.struck = 0
        self._fault, self._left = fault, times
        try:
            yield
        finally:
            self._fault = ""

    def _strike(self) -> str:
        with self._lock:
            if not self._fault or self._left <= 0:
                return ""
            self._left -= 1
            self.struck += 1
            return self._fault

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port), timeout=5)
        except OSError:
            _reset(client)
            return
        server.settimeout(None)
        replies = threading.Thread(target=_pump, args=(server, client), daemon=True)
        replies.start()
        with suppress(OSError):
            self._requests(client, server)
        for one in (client, server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        while data := client.recv(BUFFER):
            match self._strike():
                case "reset":
                    _reset(client)
                    return
                case "stall":
                    while self._fault == "stall":
                        time.sleep(0.01)
                    return
                case "answer":
                    _drain(client)
                    client.sendall(self._answer)
                    return
                case "lose":
                    self._lose(data, client)
                    return
                case _:
                    server.sendall(data)

    def _lose(self, data: bytes, client: socket.socket) -> None:
        """Send the request on a connection of its own, so that no reply can slip through to the client."""
        with socket.create_connection(("127.0.0.1", self._server_port)) as server:
            server.sendall(data)
            client.settimeout(DRAIN_SECONDS)
            with suppress(TimeoutError):
                while more := client.recv(BUFFER):
                    server.sendall(more)
            server.settimeout(5)
            server.recv(BUFFER)
        _reset(client)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(BUFFER):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


def _drain(client: socket.socket) -> None:
    client.settimeout(DRAIN_SECONDS)
    with suppress(TimeoutError):
        while client.recv(BUFFER):
            pass


def _reset(client: socket.socket) -> None:
    """Close with RST, as a crashed peer's kernel would."""
    with suppress(OSError):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.shutdown(socket.SHUT_RD)
    client.close()
