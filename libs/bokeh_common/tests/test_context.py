"""The context of requests: none of it leaks from one request into another."""

import asyncio
import secrets

import httpx
from falcon.asgi import Request, Response

from bokeh_common.http.auth.access import OPEN
from bokeh_common.http.client.app_transport import AppTransport
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.http.context.client_address import ClientAddressMiddleware
from bokeh_common.http.context.client_network import CLIENT_ADDRESS
from bokeh_common.http.context.trace import current_trace
from bokeh_common.http.server.thread_pools import STORAGE

from .open_app import new_open_app

REQUESTS = 1000


def seen() -> list[str]:
    """Return what this task or thread knows of its request."""
    trace = current_trace()
    return [trace.request_id if trace else "", CLIENT_ADDRESS.get()]


class InnerResource:
    access = {"GET": OPEN}

    async def on_get(self, req: Request, resp: Response) -> None:
        resp.media = [seen(), await STORAGE.run(seen)]


class OuterResource:
    access = {"GET": OPEN}

    def __init__(self, other: ServiceClient) -> None:
        self._other = other

    async def on_get(self, req: Request, resp: Response) -> None:
        before = seen()
        await asyncio.sleep(0.001)
        others = await self._other.get("/internal/inner")
        resp.media = [before, *others, await STORAGE.run(seen), seen()]


def test_no_context_leaks_from_one_request_into_another() -> None:
    inner = new_open_app()
    inner.add_route("/internal/inner", InnerResource())
    outer = new_open_app(client_address=ClientAddressMiddleware(proxied=True))
    outer.add_route("/", OuterResource(ServiceClient("http://inner", AppTransport(lambda: inner))))

    async def ask(client: httpx.AsyncClient, number: int) -> None:
        request_id, address = secrets.token_hex(8), f"10.0.{number // 256}.{number % 256}"
        headers = {"X-Request-Id": request_id, "X-Forwarded-For": address}
        response = await client.get("/", headers=headers)
        assert response.json() == [[request_id, address]] * 5

    async def ask_all() -> None:
        client = httpx.AsyncClient(transport=AppTransport(lambda: outer), base_url="http://outer")
        await asyncio.gather(*(ask(client, number) for number in range(REQUESTS)))
        assert seen() == ["", ""]

    asyncio.run(ask_all())
