"""One way to the server: sends requests, tries again where that is safe, and turns refusals into errors."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter
from urllib3.response import BaseHTTPResponse
from urllib3.util.retry import Retry

from .config.address import Address
from .errors import CloudError, NotFound, NotPermitted, Rejected, ServerUnreachable

CONNECT_TIMEOUT = 10.0  # seconds
READ_TIMEOUT = 120.0  # seconds without a byte: a commit of many columns takes a while
LONGEST_WAIT = 30.0  # seconds; a server may ask for hours, a person at a prompt would rather know
UPLOADS = 4  # requests at the same time

_REASONS: Mapping[int, type[Rejected]] = {401: NotPermitted, 403: NotPermitted, 404: NotFound}


class Connection:
    """The requests to one cloud, with its key.

    Every request is sent again after a lost connection or a 503. A POST carries an `Idempotency-Key`, so that
    a server that did it already, and whose answer was lost, does not do it twice. Safe to use from several
    threads.

    Args:
        address: the server and the key.
        ca_bundle: path of a PEM file with the certificates to trust; "" for the usual ones.
    """

    def __init__(self, address: Address, ca_bundle: str = ""):
        self.url = address.url
        self._apikey = address.apikey
        self._session = _session(address)
        self._session.verify = ca_bundle or True

    @property
    def has_key(self) -> bool:
        """Whether requests carry an API key."""
        return self._apikey is not None

    def __repr__(self) -> str:
        return f"Connection({self.url!r})"

    def request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Send a request to an absolute path of this server and return its answer, which is no error.

        `arguments` are those of `requests.Session.request`.

        Raises:
            ServerUnreachable: no connection, a time-out, or 502, 503 or 504 as the last answer.
            NotPermitted, NotFound, Rejected: the server's refusals.
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
        except OSError as error:  # RequestException is one; a CA bundle that is not there is a plain one
            raise ServerUnreachable(self._unreachable(error)) from error
        if not 200 <= response.status_code < 300:
            raise self._refusal(response)
        return response

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        """Send a request and return its JSON answer.

        Raises:
            CloudError: the answer is not JSON, so the server is something else.
        """
        return self.decode(self.request(method, path, **arguments))

    def decode(self, response: requests.Response) -> Any:
        """Return the JSON of an answer; raises CloudError where there is none."""
        try:
            return response.json()
        except requests.RequestException:
            raise CloudError(self._stranger()) from None

    def _unreachable(self, error: OSError) -> str:
        if isinstance(error, requests.exceptions.SSLError):
            return self._clean(_certificate_trouble(self.url, _cause(error)))
        happened = (
            "did not answer in time"
            if isinstance(error, requests.Timeout)
            else f"cannot be reached ({_cause(error)})"
        )
        return self._clean(
            f"{self.url} {happened}. Is it running, and is this its address? "
            "Set it with BOKEH_CLOUD_URL or the url argument; `bokeh-cloud serve` starts one here."
        )

    def _refusal(self, response: requests.Response) -> CloudError:
        status = response.status_code
        problem = _problem(response)
        if 300 <= status < 400:
            target = response.headers.get("Location", "elsewhere")
            return Rejected(self._clean(f"{self.url} redirects to {target}: use that one."), status)
        if status == 404 and not problem:
            return NotFound(self._stranger(), status)
        message = self._clean(_explanation(self.url, status, problem))
        if status in (502, 503, 504):
            return ServerUnreachable(message)
        return _REASONS.get(status, Rejected)(message, status, problem)

    def _stranger(self) -> str:
        return (
            f"{self.url} answers, but not as a Bokeh Cloud. Is this its address? A Bokeh application server "
            "(`bokeh serve`), for one, listens on port 5006 as well."
        )

    def _clean(self, message: str) -> str:
        return message.replace(self._apikey, "(key)") if self._apikey else message


class _PatientRetry(Retry):
    """Waits as long as the server asks, up to `LONGEST_WAIT`."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Return the seconds of the answer's Retry-After, None without one."""
        seconds = super().get_retry_after(response)
        return None if seconds is None else min(seconds, LONGEST_WAIT)


def _session(address: Address) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # ~/.netrc would replace the key, and a proxy would read it
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = "bokeh-cloud"
    if address.apikey:
        session.headers["Authorization"] = f"Bearer {address.apikey}"
    retry = _PatientRetry(
        total=4,
        backoff_factor=0.15,
        status_forcelist=[503],
        allowed_methods=None,
        raise_on_status=False,
        redirect=0,
    )
    adapter = HTTPAdapter(pool_maxsize=UPLOADS, max_retries=retry)
    session.mount(address.url + "/", adapter)
    return session


def _problem(response: requests.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except requests.RequestException:
        return {}
    return body if isinstance(body, dict) and "title" in body else {}


def _explanation(url: str, status: int, problem: Mapping[str, Any]) -> str:
    said = [str(problem[part]).rstrip(".") for part in ("title", "detail") if problem.get(part)]
    if not said:
        said = [f"The request failed with status {status}"]
    if status == 401:
        said.append(
            f"Log in with `bokeh-cloud login {url}`, give your API key as apikey, or set BOKEH_CLOUD_API_KEY"
        )
    return f"{'. '.join(said)}. ({urlsplit(url).netloc} answered {status}.)"


def _certificate_trouble(url: str, cause: str) -> str:
    if "not yet valid" in cause or "expired" in cause:
        now = datetime.now(UTC).isoformat(" ", "minutes")
        remedy = f"This computer's clock says {now}: if that is right, the server needs a new one."
    else:
        remedy = (
            "If it is your own, set BOKEH_CLOUD_CA_BUNDLE to the file of its authority; else somebody may "
            "be listening, and nothing was sent."
        )
    return f"The certificate of {url} cannot be trusted ({cause}). {remedy}"


def _cause(error: OSError) -> str:
    """Return the innermost reason: urllib3 wraps "Connection refused" three times, with ids of objects."""
    reason: Any = error.args[0] if error.args else error
    while getattr(reason, "reason", None) is not None:
        reason = reason.reason
    return str(reason).rpartition(": ")[2]
