"""The requests that this process is processing, so that they can be stopped when their clients have left."""

import asyncio

#: The name of the ASGI extension that is the connection of a request. Addresses do not identify connections:
#: that of a client that has already left is not known, and it may use a port for two ports of the server.
CONNECTION = "bokeh_cloud.connection"


class RunningRequests:
    """The tasks of requests by their connections, and those of event streams."""

    def __init__(self) -> None:
        self._tasks: dict[object, asyncio.Task[None]] = {}
        self._event_streams: set[asyncio.Task[None]] = set()

    def add(self, connection: object, task: "asyncio.Task[None]") -> None:
        """Register the task of a request; a connection has one request at a time."""
        self._tasks[connection] = task

    def add_event_stream(self, task: "asyncio.Task[None]") -> None:
        """Register the task of an event stream, which does not end by itself."""
        self._event_streams.add(task)

    def remove(self, connection: object, task: "asyncio.Task[None]") -> None:
        """Forget a request that has ended."""
        if self._tasks.get(connection) is task:
            del self._tasks[connection]
        self._event_streams.discard(task)

    def cancel(self, connection: object) -> None:
        """Cancel the request of a connection that was closed."""
        if task := self._tasks.pop(connection, None):
            task.cancel()

    def cancel_event_streams(self) -> None:
        """Cancel all event streams, since the server stops."""
        for task in self._event_streams:
            task.cancel()


RUNNING = RunningRequests()
