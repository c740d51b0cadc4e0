"""The client with which a service calls another one."""

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from bokeh_common.errors import CloudError, NotFound, Unavailable
from bokeh_common.http.client.http_transport import ServiceTransport
from bokeh_common.http.client.outage import Outage
from bokeh_common.http.context.client_address import CLIENT_ADDRESS_HEADER
from bokeh_common.http.context.client_network import CLIENT_ADDRESS
from bokeh_common.http.context.trace import current_trace
from bokeh_common.http.errors import HTTP_STATUS

CONNECT_SECONDS = 3.0
READ_SECONDS = 30.0
HEALTH_CHECK_SECONDS = 1.0

RETRY_SECONDS = 0.1

#: Methods that may be repeated (RFC 9110, 9.2.2).
IDEMPOTENT = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}

#: Connections to a service that are kept open.
MAX_CONNECTIONS = 32

#: Contains the token of the calling service; `Authorization` contains that of the user.
SERVICE_HEADER = "Bokeh-Cloud-Service"

#: The problem of requests without a service token that has the required scope.
SERVICE_REFUSED = "service-refused"

log = logging.getLogger(__name__)


def path(*segments: str) -> str:
    """Return a path of segments, which are percent-encoded.

    Raises:
        NotFound: a segment is empty or a dot segment (RFC 3986, 3.3).
    """
    if any(segment in {"", ".", ".."} for segment in segments):
        raise NotFound("There is nothing here, or it is not yours to see.")
    return "".join(f"/{quote(segment, safe='')}" for segment in segments)


class ServiceUnavailable(Unavailable):
    """A service does not respond. Its URL is for the operator."""

    public = "A part of this server does not respond; try again soon."


class ServiceClient:
    """A client of another service.

    It keeps no cookies and reads no environment variables, so no data of a user's request can get into the
    request of another one.
    """

    def __init__(
        self, url: str, transport: httpx.AsyncBaseTransport | None = None, token: str | None = None
    ) -> None:
        """Create a client.

        Args:
            url: the base URL of the service without a path, such as `http://data:8000`.
            transport: the transport for this URL; HTTP by default.
            token: the token of the calling service, sent with every request. It is independent of
                `authorization`, which contains the credential of the user.
        """
        self._url = url.rstrip("/")
        # Compression is not worth it between services, and changes ETags.
        headers = {"Accept-Encoding": "identity", **({} if token is None else {SERVICE_HEADER: token})}
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=MAX_CONNECTIONS)
        self._client = httpx.AsyncClient(
            headers=headers,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            transport=transport or ServiceTransport(limits=limits, trust_env=False),
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,
        )
        self._outage = Outage()

    async def check_health(self) -> None:
        """Raise `Unavailable` if the service does not respond."""
        try:
            response = await self._client.get(f"{self._url}/health/live", timeout=HEALTH_CHECK_SECONDS)
            response.raise_for_status()
        except httpx.HTTPError as error:
            raise ServiceUnavailable(f"The service at {self._url} does not respond.") from error

    async def get(self, path: str, *, authorization: str | None = None, **params: object) -> Any:
        """GET JSON; query parameters that are None are omitted.

        Raises:
            CloudError: the error of the service, translated from its problem; `Unavailable` if it did not
                respond.
        """
        return (await self._send("GET", path, authorization, params=params)).json()

    async def iter_items(
        self, path: str, key: str, *, authorization: str | None = None, **params: str
    ) -> AsyncIterator[Any]:
        """Yield the items of a paged list (`Link: rel="next"`, RFC 8288); raises as `get`."""
        next_page: str | None = f"{path}?{urlencode({'limit': 1000, **params})}"
        while next_page is not None:
            response = await self._send("GET", next_page, authorization)
            for item in response.json()[key]:
                yield item
            next_page = response.links.get("next", {}).get("url")

    async def post(
        self, path: str, body: object, *, authorization: str | None = None, idempotent: bool = False
    ) -> Any:
        """POST JSON, and return the JSON response; raises as `get`.

        Args:
            path: the path, with a query if there is one.
            body: the JSON.
            authorization: the credential of the user.
            idempotent: whether to repeat the request if the service stops while it is processed, as those
                are whose method is idempotent.
        """
        return (await self._send("POST", path, authorization, json=body, idempotent=idempotent)).json()

    async def send_bytes(self, method: str, path: str, data: bytes | None = None, **params: object) -> bytes:
        """Send bytes, and return the bytes of the response; raises as `get`."""
        return (await self._send(method, path, None, content=data, params=params)).content

    async def patch(self, path: str, body: object, *, authorization: str | None = None) -> Any:
        """PATCH JSON, and return the JSON response; raises as `get`."""
        return (await self._send("PATCH", path, authorization, json=body)).json()

    async def put(
        self,
        path: str,
        data: bytes,
        content_type: str,
        *,
        authorization: str | None = None,
        if_match: str | None = None,
    ) -> None:
        """PUT bytes, under the condition `If-Match` if there is one; raises as `get`."""
        condition = {} if if_match is None else {"If-Match": if_match}
        await self._send(
            "PUT", path, authorization, {"Content-Type": content_type, **condition}, content=data
        )

    async def post_stream(
        self,
        path: str,
        blocks: AsyncIterable[bytes],
        headers: Mapping[str, str],
        *,
        authorization: str | None,
        seconds: float,
    ) -> Any:
        """POST a body while it is received, and return the JSON response; raises as `get`.

        Args:
            path: the path, with a query if there is one.
            blocks: the body.
            headers: of the body, with its Content-Length.
            authorization: the credential of the user.
            seconds: how long the service may take to respond after it has received the body.
        """
        timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
        response = await self._send("POST", path, authorization, headers, content=blocks, timeout=timeout)
        return response.json()

    async def delete(self, path: str, *, authorization: str | None = None, **params: object) -> Any:
        """DELETE, and return the JSON response, or None without a body; raises as `get`."""
        response = await self._send("DELETE", path, authorization, params=params)
        return response.json() if response.content else None

    async def stream(
        self, method: str, path: str, *, authorization: str | None, body: object = None
    ) -> "ResponseStream":
        """Send an idempotent request, and return the response body as a stream of blocks; raises as `get`."""
        response = await self._send(method, path, authorization, json=body, stream=True, idempotent=True)
        return ResponseStream(response)

    async def _send(
        self,
        method: str,
        path: str,
        authorization: str | None,
        body_headers: Mapping[str, str] | None = None,
        params: Mapping[str, object] | None = None,
        stream: bool = False,
        idempotent: bool = False,
        **how: Any,
    ) -> httpx.Response:
        trace = current_trace()
        headers = {**(trace.headers if trace else {}), **(body_headers or {})}
        values = {"Authorization": authorization, CLIENT_ADDRESS_HEADER: CLIENT_ADDRESS.get()}
        headers |= {name: value for name, value in values.items() if value}
        query = urlencode({name: value for name, value in (params or {}).items() if value is not None})
        url = self._url + path + (f"{'&' if '?' in path else '?'}{query}" if query else "")
        if how.get("json", "") is None:
            del how["json"]
        request = self._client.build_request(method, url, headers=headers, **how)
        response = await self._with_retries(request, stream, idempotent or method in IDEMPOTENT)
        if response.status_code >= 400:
            await response.aread()
            await response.aclose()
            raise _error_of(response)
        return response

    async def _with_retries(self, request: httpx.Request, stream: bool, idempotent: bool) -> httpx.Response:
        while True:
            try:
                response = await self._client.send(request, stream=stream)
            except httpx.HTTPError as error:
                if not (_may_repeat(idempotent, error) and self._outage.record()):
                    raise ServiceUnavailable(
                        f"The service at {self._url} does not respond; try again soon."
                    ) from error
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._outage.end()
                return response


class ResponseStream(AsyncIterator[bytes]):
    """The body of a response, as an asynchronous iterator that can be passed on to a client.

    It has no method `read`, since falcon would call that of a stream with a size.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._blocks = response.aiter_raw()

    async def __anext__(self) -> bytes:
        return await anext(self._blocks)

    async def read_all(self) -> bytes:
        """Return the whole body, and close the response."""
        try:
            return b"".join([block async for block in self._blocks])
        finally:
            await self.close()

    async def close(self) -> None:
        """Close the response."""
        await self._response.aclose()


def _may_repeat(idempotent: bool, error: httpx.HTTPError) -> bool:
    """Return whether a request may be repeated: it was not received, or it is idempotent."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return True
    return idempotent and isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError)


_ERRORS = {status: error for error, status in HTTP_STATUS.items()}


def _error_of(response: httpx.Response) -> CloudError:
    kind = _ERRORS.get(response.status_code)
    if kind is None:
        return Unavailable(f"A service responded with status {response.status_code}; try again soon.")
    try:
        problem = response.json()
    except ValueError:
        return kind(f"A service responded with {response.status_code}.")
    slug = problem.get("type", "").rpartition("/")[2] or None
    if slug == SERVICE_REFUSED:
        # This is not the fault of the user, who must not get a 401 or 403.
        log.error("%s rejects the token of this service", response.url.host)
        return Unavailable("A service rejects the token of another one; the operator must check them.")
    members = {k: v for k, v in problem.items() if k not in {"type", "title", "status", "detail"}}
    return kind(problem.get("detail", ""), slug=slug, **members)
