"""A TCP proxy that simulates failures of networks."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

BUFFER = 1 << 16
DRAIN_SECONDS = 0.3


class FaultProxy:
    """Forwards bytes to a port of this machine, unless a fault is enabled.

    A fault occurs when a client sends data, up to the given number of times.

    Attributes:
        port: its port on 127.0.0.1.
        faults: how often the fault has occurred.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._fault = ""
        self._left = 0
        self._response = b""
        self._delay = 0.0
        self._lock = threading.Lock()
        self.faults = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    @contextmanager
    def stalling(self) -> Iterator[None]:
        """Do not forward what clients send, and do not respond."""
        with self._fault_enabled("stall"):
            yield

    @contextmanager
    def resetting(self, times: int = 1 << 30) -> Iterator[None]:
        """Reset the connection instead of forwarding what a client sends."""
        with self._fault_enabled("reset", times):
            yield

    @contextmanager
    def delaying(self, seconds: float) -> Iterator[None]:
        """Forward what a client sends after a pause."""
        self._delay = seconds
        with self._fault_enabled("delay"):
            yield

    @contextmanager
    def losing_responses(self, times: int = 1) -> Iterator[None]:
        """Forward what a client sends, and reset the connection when the server has responded."""
        with self._fault_enabled("lose", times):
            yield

    @contextmanager
    def responding(self, status: str, times: int = 1 << 30) -> Iterator[None]:
        """Respond to HTTP requests with a status."""
        lines = [f"HTTP/1.1 {status}", "Content-Length: 0", "Connection: close", "", ""]
        self._response = "\r\n".join(lines).encode()
        with self._fault_enabled("answer", times):
            yield

    @contextmanager
    def _fault_enabled(self, fault: str, times: int = 1 << 30) -> Iterator[None]:
        self.faults = 0
        self._fault, self._left = fault, times
        try:
            yield
        finally:
            self._fault = ""

    def _next_fault(self) -> str:
        with self._lock:
            if not self._fault or self._left <= 0:
                return ""
            self._left -= 1
            self.faults += 1
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
        for connection in (client, server):
            # Otherwise each small message waits for the acknowledgement of the one before.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        responses = threading.Thread(target=_pump, args=(server, client), daemon=True)
        responses.start()
        with suppress(OSError):
            self._forward_requests(client, server)
        for connection in (client, server):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _forward_requests(self, client: socket.socket, server: socket.socket) -> None:
        while data := client.recv(BUFFER):
            match self._next_fault():
                case "reset":
                    _reset(client)
                    return
                case "stall":
                    while self._fault == "stall":
                        time.sleep(0.01)
                    return
                case "answer":
                    _drain(client)
                    client.sendall(self._response)
                    return
                case "lose":
                    self._lose(data, client)
                    return
                case "delay":
                    time.sleep(self._delay)
                    server.sendall(data)
                case _:
                    server.sendall(data)

    def _lose(self, data: bytes, client: socket.socket) -> None:
        """Forward the request on a connection of its own, so that the client cannot receive the response."""
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
    """Close with RST, like the kernel of a crashed machine."""
    with suppress(OSError):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.shutdown(socket.SHUT_RD)
    client.close()
