"""The share of a process that one client may use, on a server in this process."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
from falcon.asgi import Request, Response

from bokeh_common.http.app import new_app
from bokeh_common.http.auth.access import OPEN, Authenticator
from bokeh_common.http.context.client_address import ClientAddressMiddleware
from bokeh_common.http.context.client_network import client_network
from bokeh_common.http.middleware.client_share import ClientShareMiddleware
from tests.support.bounded_server import bounded_server, connect

LIMIT = 3
REQUEST = b"GET /%b HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: %b\r\n\r\n"


class NowResource:
    access = {"GET": OPEN}

    async def on_get(self, req: Request, resp: Response) -> None:
        resp.media = "now"


class EndlessResource:
    access = {"GET": OPEN}

    async def on_get(self, req: Request, resp: Response) -> None:
        resp.content_type = "text/event-stream"
        resp.stream = self._events()

    async def _events(self) -> AsyncIterator[bytes]:
        while True:
            yield b": still here\n\n"
            await asyncio.sleep(0.05)


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server behind a proxy, on which a client may have three requests in progress."""

    async def no_principal(token: str | None) -> None:
        """Accept no token."""

    monkeypatch.setenv("BOKEH_CLOUD_CLIENT_REQUESTS", str(LIMIT))
    app = new_app(Authenticator(no_principal), {}, client_address=ClientAddressMiddleware(proxied=True))
    app.add_route("/now", NowResource())
    app.add_route("/endless", EndlessResource())
    app.add_route("/internal/endless", EndlessResource())
    with bounded_server(app) as port:
        yield port


async def send(stack: AsyncExitStack, port: int, path: bytes, address: bytes) -> bytes:
    """Send a request on a connection that stays open; return the status of its response."""
    reader, writer = await stack.enter_async_context(connect(port))
    writer.write(REQUEST % (path, address))
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    return head.split()[1]


async def statuses(port: int, *requests: tuple[bytes, bytes]) -> list[bytes]:
    """Return the statuses of requests of which all are in progress until the last one was answered."""
    async with AsyncExitStack() as stack:
        return [await send(stack, port, path, address) for path, address in requests]


def test_a_client_that_has_its_share_leaves_the_rest_to_others(port: int) -> None:
    taken = [(b"endless", b"192.0.2.1")] * LIMIT
    found = asyncio.run(statuses(port, *taken, (b"now", b"192.0.2.1"), (b"now", b"192.0.2.2")))
    assert found == [b"200"] * LIMIT + [b"429", b"200"]


def test_the_addresses_of_an_ipv6_customer_have_one_share(port: int) -> None:
    taken = [(b"endless", b"2001:db8:0:1::%d" % number) for number in range(LIMIT)]
    others = [(b"now", b"2001:db8:0:1:ffff::1"), (b"now", b"2001:db8:0:2::1")]
    assert asyncio.run(statuses(port, *taken, *others)) == [b"200"] * LIMIT + [b"429", b"200"]


def test_a_share_is_free_again_when_responses_have_ended(port: int) -> None:
    async def use_twice() -> list[bytes]:
        first = await statuses(port, *[(b"endless", b"192.0.2.1")] * LIMIT)
        while ClientShareMiddleware._in_progress:
            await asyncio.sleep(0.01)
        return first + await statuses(port, *[(b"endless", b"192.0.2.1")] * LIMIT)

    assert asyncio.run(asyncio.wait_for(use_twice(), 10)) == [b"200"] * 2 * LIMIT


@pytest.mark.parametrize(
    ("path", "address"),
    [(b"endless", b"127.0.0.1"), (b"endless", b"::1"), (b"internal/endless", b"192.0.2.1")],
)
def test_the_machine_itself_and_services_are_not_limited(port: int, path: bytes, address: bytes) -> None:
    assert asyncio.run(statuses(port, *[(path, address)] * (LIMIT + 1))) == [b"200"] * (LIMIT + 1)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::/64"),
        ("::1", "::1"),
        ("unix:", "unix:"),
        ("", ""),
    ],
)
def test_networks_of_clients(address: str, network: str) -> None:
    assert client_network(address) == network
