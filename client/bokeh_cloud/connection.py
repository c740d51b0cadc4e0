"""The HTTP connection to a server: sends requests, retries them where that is safe, and raises errors."""

import re
from collections.abc import Mapping
from copy import copy
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, SSLError
from urllib3.response import BaseHTTPResponse
from urllib3.util.retry import Retry

from bokeh_cloud.config.address import ServerAddress
from bokeh_cloud.errors import CloudError, NotFound, NotPermitted, Rejected, ServerUnreachable
from bokeh_cloud.server_commands import how_to_serve, url_argument

CONNECT_TIMEOUT = 10.0  # seconds
READ_TIMEOUT = 120.0  # seconds without a byte: committing many columns takes a while
MAX_RETRY_AFTER = 30.0  # seconds; a server may ask for hours, but an interactive user should see the error
PARALLEL_REQUESTS = 4
RETRIES = 4

#: What OpenSSL says if a server responds in plain http.
PLAIN_HTTP_SIGNS = ("WRONG_VERSION_NUMBER", "wrong version number", "record layer failure", "HTTP_REQUEST")

#: What servers say of a key without a scope.
MISSING_SCOPE = re.compile(r"does not have the scope '([a-z:]+)'")

#: The last parts of addresses of pages, which are easily taken for that of the server.
PAGES = ("account", "data", "docs", "login", "plots")

_ERROR_CLASSES: Mapping[int, type[Rejected]] = {401: NotPermitted, 403: NotPermitted, 404: NotFound}


class Connection:
    """Sends requests to one server with one API key.

    Every request is retried after a lost connection or a 503. A POST carries an `Idempotency-Key`, so that
    the server does not process it twice if its response was lost. Connections are thread-safe.

    Args:
        address: the server and the key.
        ca_bundle: path of a PEM file with the certificates to trust; "" for the usual ones.
    """

    def __init__(self, address: ServerAddress, ca_bundle: str = ""):
        self.url = address.url
        self._address = address
        self._apikey = address.apikey
        self._session = _make_session(address, RETRIES)
        self._session.verify = ca_bundle or True
        self._is_repeated = False

    def without_retries(self) -> "Connection":
        """Return a connection to the same server that sends each request once; its caller repeats them."""
        found = copy(self)
        found._session = _make_session(self._address, 0)
        found._session.verify = self._session.verify
        found._is_repeated = True
        return found

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables with which another program uses this server and this key."""
        key = {} if self._apikey is None else {"BOKEH_CLOUD_API_KEY": self._apikey}
        return {"BOKEH_CLOUD_URL": self.url, **key}

    @property
    def has_key(self) -> bool:
        """Whether requests carry an API key."""
        return self._apikey is not None

    def __repr__(self) -> str:
        return f"Connection({self.url!r})"

    def close(self) -> None:
        """Close the connections that are open; the next request opens one again."""
        self._session.close()

    def request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Send a request, and return its response, whose status is 2xx.

        Args:
            method: of HTTP.
            path: absolute path on this server.
            arguments: of `requests.Session.request`.

        Raises:
            ServerUnreachable: no connection, a timeout, or 502, 503 or 504 after all retries.
            NotPermitted, NotFound, Rejected: the server rejected the request.
        """
        headers = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        arguments["headers"] = {**headers, **arguments.get("headers", {})}
        try:
            response = self._session.request(
                method,
                self.url + path,
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                allow_redirects=False,
                **arguments,
            )
        except OSError as error:  # RequestException, or a plain one if the CA bundle does not exist
            raise ServerUnreachable(self._explain_unreachable(error)) from error
        if not 200 <= response.status_code < 300:
            raise self._to_error(response)
        return response

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        """Send a request and return the JSON of its response; see `request` and `decode`."""
        return self.decode(self.request(method, path, **arguments))

    def decode(self, response: requests.Response) -> Any:
        """Return the JSON of a response.

        Raises:
            CloudError: it is not JSON, so the server is not a Bokeh Cloud.
        """
        try:
            return response.json()
        except requests.RequestException:
            raise CloudError(self._explain_other_server()) from None

    def _explain_unreachable(self, error: OSError) -> str:
        if isinstance(error, requests.exceptions.SSLError):
            if any(sign in str(error) for sign in PLAIN_HTTP_SIGNS):
                plain = self.url.replace("https://", "http://", 1)
                return self._redact(f"{self.url} does not use TLS. Is its address {plain}?")
            return self._redact(_explain_certificate(self.url, _innermost_reason(error)))
        problem = (
            "did not respond in time"
            if isinstance(error, requests.Timeout)
            else f"cannot be reached ({_innermost_reason(error)})"
        )
        if self._is_repeated:  # by a program that runs for long, and has reached it before
            return self._redact(f"{self.url} {problem}.")
        return self._redact(
            f"{self.url} {problem}. Is it running, and is this its address? "
            f"Set it with BOKEH_CLOUD_URL or {url_argument()}; {how_to_serve()}."
        )

    def _to_error(self, response: requests.Response) -> CloudError:
        status = response.status_code
        problem = _problem(response)
        if 300 <= status < 400:
            target = response.headers.get("Location", "another address")
            return Rejected(self._redact(f"{self.url} redirects to {target}: use that address."), status)
        if status == 404 and not problem:
            return NotFound(self._explain_other_server(), status)
        hint = self._hint(status, str(problem.get("detail")))
        message = self._redact(_explain_problem(self.url, status, problem) + hint)
        if status in (502, 503, 504):
            return ServerUnreachable(message)
        return _ERROR_CLASSES.get(status, Rejected)(message, status, problem)

    def _explain_other_server(self) -> str:
        return (
            f"{self.url} responds, but not as a Bokeh Cloud. Is this its address? A Bokeh application server "
            f"(`bokeh serve`), for one, listens on port 5006, too.{self._hint(404)}"
        )

    def _hint(self, status: int, detail: str = "") -> str:
        """Return what is wrong with the address or the key of this connection, if that is likely."""
        server, slash, page = self.url.rpartition("/")
        if status in (404, 405) and page in PAGES and "://" in server + slash:
            return f" {self.url} is a page: as the address of the server, use {server}."
        if status == 403 and (scope := MISSING_SCOPE.search(detail)):
            return (
                f" `bokeh-cloud login {self.url} --scope {scope[1]}` makes one: give --scope for each scope "
                "that you need, since they replace the default ones."
            )
        if status == 401 and self._apikey and self._needs_no_key():
            return " This server has no accounts and needs no key: leave it out."
        return ""

    def _needs_no_key(self) -> bool:
        try:
            keyless = Connection(ServerAddress(self.url))
            keyless._session.verify = self._session.verify
            return bool(keyless.json("GET", "/whoami")["keyless"])
        except CloudError:
            return False

    def _redact(self, message: str) -> str:
        return message.replace(self._apikey, "(key)") if self._apikey else message


class _BoundedRetry(Retry):
    """Waits as long as the server asks for, up to `MAX_RETRY_AFTER`; a failed handshake is final."""

    def increment(
        self, method: str | None = None, url: str | None = None, response: BaseHTTPResponse | None = None,
        error: Exception | None = None, _pool: Any = None, _stacktrace: Any = None,
    ) -> "_BoundedRetry":  # fmt: skip
        """Return the state after an attempt, or raise the error."""
        if isinstance(error, SSLError):
            raise MaxRetryError(_pool, url or "", error)
        return super().increment(method, url, response, error, _pool, _stacktrace)

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Return the seconds of the response's Retry-After, None without one."""
        seconds = super().get_retry_after(response)
        return None if seconds is None else min(seconds, MAX_RETRY_AFTER)


def _make_session(address: ServerAddress, retries: int) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # ~/.netrc would replace the key, and a proxy could read it
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = "bokeh-cloud"
    if address.apikey:
        session.headers["Authorization"] = f"Bearer {address.apikey}"
    retry = _BoundedRetry(
        total=retries,
        backoff_factor=0.15,
        status_forcelist=[503],
        allowed_methods=None,
        raise_on_status=False,
        redirect=0,
    )
    adapter = HTTPAdapter(pool_maxsize=PARALLEL_REQUESTS, max_retries=retry)
    session.mount(address.url + "/", adapter)
    return session


def _problem(response: requests.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except requests.RequestException:
        return {}
    return body if isinstance(body, dict) and "title" in body else {}


def _explain_problem(url: str, status: int, problem: Mapping[str, Any]) -> str:
    sentences = [str(problem[part]).rstrip(".") for part in ("title", "detail") if problem.get(part)]
    if not sentences:
        sentences = [f"The request failed with status {status}"]
    if status == 401:
        sentences.append(
            f"Log in with `bokeh-cloud login {url}`, pass your API key as apikey, or set BOKEH_CLOUD_API_KEY"
        )
    return f"{'. '.join(sentences)}. ({urlsplit(url).netloc} responded with {status}.)"


def _explain_certificate(url: str, reason: str) -> str:
    if "not yet valid" in reason or "expired" in reason:
        now = datetime.now(UTC).isoformat(" ", "minutes")
        remedy = f"This computer's clock says {now}: if that is right, the server needs a new one."
    else:
        remedy = (
            "If the server is yours, set BOKEH_CLOUD_CA_BUNDLE to the file of its certificate authority; "
            "otherwise it may be an attacker's. Nothing was sent."
        )
    return f"The certificate of {url} cannot be trusted ({reason}). {remedy}"


def _innermost_reason(error: OSError) -> str:
    """Return the reason without urllib3's wrappers, three around "Connection refused", with object ids."""
    reason: Any = error.args[0] if error.args else error
    while getattr(reason, "reason", None) is not None:
        reason = reason.reason
    return str(reason).rpartition(": ")[2]
