"""The connection to a container of Azure Blob Storage: time-outs, retries, names and listings."""

import base64
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any, TypeVar

from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    IncompleteReadError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobClient, BlobProperties, ContainerClient
from requests import Session
from requests.adapters import HTTPAdapter

from bokeh_common.errors import Unavailable
from bokeh_common.storage.azure_account import Account
from bokeh_common.storage.names import decode, digest, encode, encode_prefix
from bokeh_common.storage.retry import persistently

THREADS = 16
SINGLE_PUT = 32 << 20  # bytes that go in one request
MAX_NAME = 900  # characters; Azure takes 1024, with the namespace
MAX_SEGMENTS = 200  # Azure takes 254
MAX_PAGE = 5000

_TRANSIENT_STATUS = {408, 429, 500, 502, 503, 504}
_BROKEN = (ServiceRequestError, ServiceResponseError, IncompleteReadError, OSError)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Process:
    """What must not be shared with a forked child: connections and threads."""

    pid: int
    client: ContainerClient
    pool: ThreadPoolExecutor


class Container:
    """A container."""

    def __init__(self, name: str, account: Account, seconds: float) -> None:
        self._name = name
        self._account = account
        self._seconds = seconds
        self._process = self._connect()
        server = self.run(lambda _: self._make())
        #: Azurite does not know where to start a listing; its continuation tokens are names, which serve as
        #: well.
        self._is_azurite = "azurite" in server.lower()

    @property
    def client(self) -> ContainerClient:
        """The SDK's client, of this process."""
        return self._here().client

    @property
    def pool(self) -> ThreadPoolExecutor:
        """Threads for requests at the same time, of this process."""
        return self._here().pool

    def blob(self, name: str) -> BlobClient:
        """Return the SDK's client of a blob."""
        return self.client.get_blob_client(name)

    def run(self, call: Callable[[int], T], *answers: int) -> T:
        """Return what a call returns, repeating it while the network or Azure breaks it.

        Args:
            call: takes the number of attempts that were broken before. The SDK itself repeats nothing, as it
                cannot tell what may be repeated.
            answers: the HTTP statuses that the caller expects about the blob.

        Raises:
            HttpResponseError: with one of these statuses.
            Unavailable: Azure does not answer, or refuses.
        """
        try:
            return persistently(call, _is_transient, self._seconds)
        except (AzureError, OSError) as error:
            if isinstance(error, HttpResponseError) and error.status_code in answers and not is_ours(error):
                raise
            reason = f"The Azure container {self._name} cannot be used now: {_brief(error)}"
            raise Unavailable(reason) from error

    def namespaces(self) -> list[str]:
        """Return what names begin with, before their first slash."""
        found: Any = self.run(lambda _: list(self.client.walk_blobs(delimiter="/")))
        return sorted(one.name.rstrip("/") for one in found)

    def list(self, room: str, prefix: str, after: str, limit: int) -> list[tuple[str, BlobProperties]]:
        """Return keys of a room and what is known of their blobs, in the order of the keys."""
        long = self.pool.submit(lambda: self.run(lambda _: list(self._long(room, prefix, after))))
        short = self.run(lambda _: list(islice(self._short(room, prefix, after, limit), limit)))
        named = merge(short, sorted(long.result(), key=_first), key=_first)
        return [(decode(name), properties) for name, properties in islice(named, limit)]

    def _short(self, room: str, prefix: str, after: str, limit: int) -> Iterator[tuple[str, BlobProperties]]:
        base, begins, beyond = f"{room}/", encode_prefix(prefix), encode(after)
        first = base + beyond[:MAX_NAME] if after > prefix else None
        start: dict[str, Any] = {"start_from": first} if first and not self._is_azurite else {}
        size = min(limit + 1, MAX_PAGE)
        blobs: Any = self.client.list_blobs(base + begins[:MAX_NAME], results_per_page=size, **start)
        for page in blobs.by_page(first if self._is_azurite else None):
            for blob in page:
                name = blob.name.removeprefix(base)
                if name > beyond and name.startswith(begins):
                    yield name, blob

    def _long(self, room: str, prefix: str, after: str) -> Iterator[tuple[str, BlobProperties]]:
        for blob in self.client.list_blobs(f"{_long_room(room)}/", include=["metadata"]):
            key = base64.b64decode(blob.metadata["key"]).decode()
            if key > after and key.startswith(prefix):
                yield encode(key), blob

    def _here(self) -> _Process:
        if self._process.pid != os.getpid():
            self._process = self._connect()
        return self._process

    def _connect(self) -> _Process:
        session = Session()
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=2 * THREADS)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        timeouts = {"connection_timeout": self._seconds, "read_timeout": self._seconds}
        service = self._account.client(
            transport=RequestsTransport(session=session, session_owner=False, **timeouts),
            retry_total=0,
            max_single_put_size=SINGLE_PUT,
            max_single_get_size=SINGLE_PUT,
        )
        return _Process(os.getpid(), service.get_container_client(self._name), ThreadPoolExecutor(THREADS))

    def _make(self) -> str:
        """Make the container when it is not there, and return what the server calls itself."""
        servers: list[str] = []

        def note(response: Any) -> None:
            servers.append(response.http_response.headers.get("Server", ""))

        try:
            self.client.get_container_properties(raw_response_hook=note)
        except ResourceNotFoundError:
            try:
                self.client.create_container(raw_response_hook=note)
            except ResourceExistsError:  # another process was faster
                self.client.get_container_properties(raw_response_hook=note)
        return servers[-1]


def blob_name(room: str, key: str) -> str:
    """Return the name of a key's blob."""
    name = encode(key)
    return f"{_long_room(room)}/{digest(key)}" if is_long(name) else f"{room}/{name}"


def key_metadata(key: str) -> dict[str, str]:
    """Return the metadata that tells the key of a blob whose name does not."""
    return {"key": base64.b64encode(key.encode()).decode()} if is_long(encode(key)) else {}


def is_long(name: str) -> bool:
    """Tell whether a name is too long for Azure."""
    return len(name) > MAX_NAME or name.count("/") >= MAX_SEGMENTS


def quoted(etag: str) -> str:
    """Return an etag as answers have it; listings may leave out its quotes."""
    return '"' + etag.strip('"') + '"'


def _long_room(room: str) -> str:
    return f"{room}-long"


def _is_transient(error: Exception) -> bool:
    if isinstance(error, HttpResponseError) and error.status_code is not None:
        return error.status_code in _TRANSIENT_STATUS
    return isinstance(error, (*_BROKEN, HttpResponseError))


def is_ours(error: HttpResponseError) -> bool:
    """Tell whether an error is about the container, not about the blob that was asked for."""
    return str(getattr(error, "error_code", "")).startswith("Container")


def _brief(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _first(pair: tuple[str, BlobProperties]) -> str:
    return pair[0]
