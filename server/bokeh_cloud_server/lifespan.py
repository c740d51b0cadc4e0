"""Notifies several ASGI apps in a process when the server starts and stops (the lifespan protocol)."""

import asyncio
from collections.abc import Sequence

from bokeh_common.http.server.served_app import ASGIApp, Message, Receive, Scope, Send

#: Others are ignored, as the protocol requires.
EVENTS = {"lifespan.startup", "lifespan.shutdown"}


class _Lifespan:
    """The lifespan of one app."""

    def __init__(self, app: ASGIApp, scope: Scope) -> None:
        self._events: asyncio.Queue[Message] = asyncio.Queue()
        self._answers: asyncio.Queue[Message] = asyncio.Queue()
        self._task = asyncio.ensure_future(app(dict(scope), self._events.get, self._answers.put))

    async def tell(self, event: Message) -> Message:
        """Send an event to the app, and return its answer."""
        await self._events.put(event)
        return await self._answers.get()


async def run_lifespans(apps: Sequence[ASGIApp], scope: Scope, receive: Receive, send: Send) -> None:
    """Pass events on to all apps; the first failure of one is the answer to the server."""
    lifespans = [_Lifespan(app, scope) for app in apps]
    while True:
        event = await receive()
        if event["type"] not in EVENTS:
            continue
        answers = [await lifespan.tell(event) for lifespan in lifespans]
        failed = [answer for answer in answers if answer["type"].endswith(".failed")]
        await send(failed[0] if failed else {"type": f"{event['type']}.complete"})
        if failed or event["type"] == "lifespan.shutdown":
            return
