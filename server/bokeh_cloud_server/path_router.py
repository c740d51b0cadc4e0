"""Routes requests to ASGI apps by path, like the gateway in front of separate processes.

Paths are not rewritten, as each service serves its full public paths.
"""

import re
from collections.abc import Mapping, Sequence

from bokeh_cloud_server.lifespan import run_lifespans
from bokeh_common.http.errors import PROBLEM_MEDIA_TYPE, SECURITY_HEADERS, problem_json
from bokeh_common.http.server.served_app import ASGIApp, Receive, Scope, Send


class PathRouter:
    """An ASGI app that passes each request to the app of the first pattern that matches its path."""

    def __init__(self, routes: Sequence[tuple[str, str]], apps: Mapping[str, ASGIApp]) -> None:
        """Compile the patterns.

        Args:
            routes: pairs of a regular expression, which must match the whole path, and the name of an app.
            apps: the apps by name; all of them are notified when the server starts and stops.
        """
        self._routes = [(re.compile(pattern), apps[name]) for pattern, name in routes]
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or respond with 404 if no pattern matches."""
        if scope["type"] == "lifespan":
            await run_lifespans(list(self._apps.values()), scope, receive, send)
            return
        for pattern, app in self._routes:
            if pattern.fullmatch(scope["path"]):
                await app(scope, receive, send)
                return
        await respond_with_problem(scope, send, 404, "not-found", "There is nothing here. Check the address.")


async def respond_with_problem(scope: Scope, send: Send, status: int, slug: str, detail: str) -> None:
    """Respond with a problem, outside of falcon."""
    title = {403: "Forbidden", 404: "Not Found"}[status]
    body = problem_json(status, slug, title, detail)
    headers = {
        "Content-Type": PROBLEM_MEDIA_TYPE,
        "Content-Length": str(len(body)),
        **SECURITY_HEADERS,
        "Cache-Control": "no-store",
    }
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
