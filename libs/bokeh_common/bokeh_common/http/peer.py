"""How a service asks another one."""

import logging
import time
from collections.abc import Iterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.exceptions import NewConnectionError

from bokeh_common.errors import CloudError, NotFound, Unavailable
from bokeh_common.http.errors import STATUS
from bokeh_common.http.origin import ORIGIN, ORIGIN_HEADER
from bokeh_common.http.tracing import current

CONNECT_SECONDS = 3.0
READ_SECONDS = 30.0
ALIVE_SECONDS = 1.0
BLOCK_BYTES = 1 << 20

#: How long requests wait for a peer that restarts. Once it has been away for longer, they fail at once.
PATIENCE_SECONDS = 45.0
RETRY_SECONDS = 0.1

#: Doing it twice is the same as once (RFC 9110, 9.2.2).
IDEMPOTENT = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}

#: Connections to a peer that are kept.
CONNECTIONS = 32

#: Carries the token of the service that asks; `Authorization` is the user's.
SERVICE_HEADER = "Bokeh-Cloud-Service"

#: The problem of a request whose service token does not open what it asks for.
SERVICE_REFUSED = "service-refused"

log = logging.getLogger(__name__)


def path(*segments: str) -> str:
    """Make a path of segments, each of which stays one segment whatever is in it.

    Raises:
        NotFound: a segment is empty or a dot segment (RFC 3986, 3.3), so it names nothing.
    """
    if any(segment in {"", ".", ".."} for segment in segments):
        raise NotFound("There is nothing here, or it is not yours to see.")
    return "".join(f"/{quote(segment, safe='')}" for segment in segments)


class Peer:
    """Another service, by its base URL.

    Safe to use from several threads: the session keeps no cookies and reads no environment, so nothing of one
    user's request can reach the next one's.
    """

    def __init__(self, url: str, adapter: BaseAdapter | None = None, token: str | None = None) -> None:
        """Name the peer.

        Args:
            url: base URL without a path, such as `http://data:8000`.
            adapter: transport for that URL; plain HTTP when not given.
            token: what this service proves itself with, at every request; it has nothing to do with whoever
                the request is made for, who is in `authorization`.
        """
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        if token is not None:
            self._session.headers[SERVICE_HEADER] = token
        # What passes between services is not worth packing; and what is packed has another ETag.
        self._session.headers["Accept-Encoding"] = "identity"
        self._session.mount(self._url + "/", adapter or HTTPAdapter(pool_maxsize=CONNECTIONS))
        self._away = Away()

    def alive(self) -> None:
        """Raise `Unavailable` when the peer does not answer at this moment."""
        try:
            self._session.get(f"{self._url}/health/live", timeout=ALIVE_SECONDS).raise_for_status()
        except requests.RequestException as error:
            raise Unavailable(f"The service behind {self._url} does not answer.") from error

    def get(self, path: str, *, authorization: str | None = None, **params: object) -> Any:
        """GET JSON; query parameters that are None are left out.

        Raises:
            CloudError: the peer's own error, in the domain's words; `Unavailable` when it gave none.
        """
        return self._send("GET", path, authorization, params=params).json()

    def pages(self, path: str, key: str, *, authorization: str | None = None, **params: str) -> Iterator[Any]:
        """Yield the items of a paged list (`Link: rel="next"`, RFC 8288); raises as `get`."""
        following: str | None = f"{path}?{urlencode({'limit': 1000, **params})}"
        while following is not None:
            response = self._send("GET", following, authorization)
            yield from response.json()[key]
            following = response.links.get("next", {}).get("url")

    def post(self, path: str, body: object, *, authorization: str | None = None) -> Any:
        """POST JSON and return the JSON answer; raises as `get`."""
        return self._send("POST", path, authorization, json=body).json()

    def raw(self, method: str, path: str, data: bytes | None = None, **params: object) -> bytes:
        """Send bytes, and return those of the answer; raises as `get`."""
        response = self._send(method, path, None, data=data, params=params, stream=True)
        with response:  # `content` would read it 10 KB at a time
            return bytes(response.raw.read())

    def patch(self, path: str, body: object, *, authorization: str | None = None) -> Any:
        """PATCH JSON and return the JSON answer; raises as `get`."""
        return self._send("PATCH", path, authorization, json=body).json()

    def put(self, path: str, data: bytes, content_type: str, *, authorization: str | None = None) -> None:
        """PUT bytes; raises as `get`."""
        self._send("PUT", path, authorization, data=data, content_type=content_type)

    def delete(self, path: str, *, authorization: str | None = None, **params: object) -> Any:
        """DELETE and return the JSON answer, None where there is none; raises as `get`."""
        response = self._send("DELETE", path, authorization, params=params)
        return response.json() if response.content else None

    def stream(
        self, method: str, path: str, *, authorization: str | None, body: object = None
    ) -> Iterator[bytes]:
        """Yield the answer's body in blocks of about 1 MiB; raises as `get`, before the first block."""
        response = self._send(method, path, authorization, json=body, stream=True)
        return response.iter_content(BLOCK_BYTES)

    def _send(
        self, method: str, path: str, authorization: str | None, content_type: str | None = None, **how: Any
    ) -> requests.Response:
        trace = current()
        headers = trace.headers if trace else {}
        given = {"Authorization": authorization, "Content-Type": content_type, ORIGIN_HEADER: ORIGIN.get()}
        headers |= {name: value for name, value in given.items() if value}
        response = self._patiently(method, self._url + path, headers=headers, **how)
        if response.status_code >= 400:
            raise _error_of(response)
        return response

    def _patiently(self, method: str, url: str, **how: Any) -> requests.Response:
        while True:
            try:
                response = self._session.request(
                    method, url, timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False, **how
                )
            except requests.RequestException as error:
                if not (_is_harmless(method, error) and self._away.may_wait()):
                    raise Unavailable(
                        f"The service behind {self._url} does not answer; try again soon."
                    ) from error
                time.sleep(RETRY_SECONDS)
            else:
                self._away.ended()
                return response


class Away:
    """Since when a peer is away, so that nobody waits for one that is gone for good."""

    def __init__(self) -> None:
        self._since: float | None = None

    def may_wait(self) -> bool:
        """Note that the peer is away; whether it may still be worth waiting for."""
        now = time.monotonic()
        since = self._since = self._since or now
        return now - since < PATIENCE_SECONDS

    def ended(self) -> None:
        """Note that it answers."""
        self._since = None


def _is_harmless(method: str, error: requests.RequestException) -> bool:
    """Whether the request may be sent again: no service has seen it, or it may as well see it twice."""
    if not isinstance(error, requests.ConnectionError) or isinstance(error, requests.ReadTimeout):
        return False
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    unseen = isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)
    return unseen or method in IDEMPOTENT


_ERRORS = {status: error for error, status in STATUS.items()}


def _error_of(response: requests.Response) -> CloudError:
    kind = _ERRORS.get(response.status_code)
    if kind is None:
        return Unavailable(f"A service answered {response.status_code} where it should not; try again soon.")
    try:
        problem = response.json()
    except requests.JSONDecodeError:
        return kind(f"A service answered {response.status_code}.")
    slug = problem.get("type", "").rpartition("/")[2] or None
    if slug == SERVICE_REFUSED:
        # The user is not at fault, so they must not see a 401 or 403.
        log.error("%s refuses this service's own token", urlsplit(response.url).netloc)
        return Unavailable("The services of this cloud do not know each other; the operator must look at it.")
    members = {k: v for k, v in problem.items() if k not in {"type", "title", "status", "detail"}}
    return kind(problem.get("detail", ""), slug=slug, **members)
