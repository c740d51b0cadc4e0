"""The connection to a container of Azure Blob Storage: timeouts, retries, names and listings."""

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

from bokeh_common.storage.azure.account import AzureAccount
from bokeh_common.storage.failures import StorageUnavailable
from bokeh_common.storage.key_encoding import decode, encode, encode_prefix, hash_key
from bokeh_common.storage.retry import retry_transient

THREADS = 16
MAX_SINGLE_BYTES = 32 << 20  # in one request
MAX_NAME = 900  # characters; Azure allows 1024, with the namespace
MAX_SEGMENTS = 200  # Azure allows 254
MAX_PAGE = 5000

FORBIDDEN = 403

_TRANSIENT_STATUS = {408, 429, 500, 502, 503, 504}
_CONNECTION_ERRORS = (ServiceRequestError, ServiceResponseError, IncompleteReadError, OSError)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _ProcessState:
    """Connections and threads, which must not be shared with a forked child."""

    pid: int
    client: ContainerClient
    pool: ThreadPoolExecutor


class AzureContainer:
    """A container of Azure Blob Storage."""

    def __init__(self, name: str, account: AzureAccount, seconds: float) -> None:
        self._name = name
        self._account = account
        self._seconds = seconds
        self._process = self._connect()
        server = self.run(lambda _: self._make())
        #: Azurite does not support `start_from`, but its continuation tokens are names, which can be used
        #: instead.
        self._is_azurite = "azurite" in server.lower()

    @property
    def client(self) -> ContainerClient:
        """The SDK's client of this process."""
        return self._state().client

    @property
    def pool(self) -> ThreadPoolExecutor:
        """Threads of this process for parallel requests."""
        return self._state().pool

    def blob(self, name: str) -> BlobClient:
        """Return the SDK's client of a blob."""
        return self.client.get_blob_client(name)

    def run(self, call: Callable[[int], T], *expected: int) -> T:
        """Call a function, repeat it after transient errors, and return its result.

        Args: call: is passed the number of failed attempts so far. The SDK's own retries are switched off, as
            it
                cannot know which calls may be repeated.
            expected: HTTP statuses of errors that the caller handles.

        Raises:
            HttpResponseError: with one of these statuses.
            Unavailable: Azure does not respond, or rejects the request.
        """
        try:
            return retry_transient(call, _is_transient, self._seconds)
        except (AzureError, OSError) as error:
            if (
                isinstance(error, HttpResponseError)
                and error.status_code in expected
                and not is_container_error(error)
            ):
                raise
            reason = f"The Azure container {self._name} cannot be used now: {_first_line(error)}"
            raise StorageUnavailable(reason) from error

    def namespaces(self) -> list[str]:
        """Return the first segments of all names, sorted."""
        found: Any = self.run(lambda _: list(self.client.walk_blobs(delimiter="/")))
        return sorted(item.name.rstrip("/") for item in found)

    def list(self, folder: str, prefix: str, after: str, limit: int) -> list[tuple[str, BlobProperties]]:
        """Return keys and properties of blobs in a folder of the container, in the order of the keys."""
        long = self.pool.submit(lambda: self.run(lambda _: list(self._long(folder, prefix, after))))
        short = self.run(lambda _: list(islice(self._short(folder, prefix, after, limit), limit)))
        named = merge(short, sorted(long.result(), key=_first), key=_first)
        return [(decode(name), properties) for name, properties in islice(named, limit)]

    def _short(
        self, folder: str, prefix: str, after: str, limit: int
    ) -> Iterator[tuple[str, BlobProperties]]:
        base, begins, last = f"{folder}/", encode_prefix(prefix), encode(after)
        first = base + last[:MAX_NAME] if after > prefix else None
        start: dict[str, Any] = {"start_from": first} if first and not self._is_azurite else {}
        size = min(limit + 1, MAX_PAGE)
        blobs: Any = self.client.list_blobs(base + begins[:MAX_NAME], results_per_page=size, **start)
        for page in blobs.by_page(first if self._is_azurite else None):
            for blob in page:
                name = blob.name.removeprefix(base)
                if name > last and name.startswith(begins):
                    yield name, blob

    def _long(self, folder: str, prefix: str, after: str) -> Iterator[tuple[str, BlobProperties]]:
        for blob in self.client.list_blobs(f"{_long_folder(folder)}/", include=["metadata"]):
            key = base64.b64decode(blob.metadata["key"]).decode()
            if key > after and key.startswith(prefix):
                yield encode(key), blob

    def _state(self) -> _ProcessState:
        if self._process.pid != os.getpid():
            self._process = self._connect()
        return self._process

    def _connect(self) -> _ProcessState:
        session = Session()
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=2 * THREADS)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        timeouts = {"connection_timeout": self._seconds, "read_timeout": self._seconds}
        service = self._account.client(
            transport=RequestsTransport(session=session, session_owner=False, **timeouts),
            retry_total=0,
            max_single_put_size=MAX_SINGLE_BYTES,
            max_single_get_size=MAX_SINGLE_BYTES,
        )
        return _ProcessState(
            os.getpid(), service.get_container_client(self._name), ThreadPoolExecutor(THREADS)
        )

    def _make(self) -> str:
        """Create the container if it does not exist, and return the Server header."""
        servers: list[str] = []

        def keep_server(response: Any) -> None:
            servers.append(response.http_response.headers.get("Server", ""))

        try:
            self.client.get_container_properties(raw_response_hook=keep_server)
        except HttpResponseError as error:
            if error.status_code == FORBIDDEN:  # the signature is one for blobs in an existing container
                listed = self.client.list_blobs(results_per_page=1, raw_response_hook=keep_server)
                next(listed.by_page(), None)
                return servers[-1]
            if not isinstance(error, ResourceNotFoundError):
                raise
            try:
                self.client.create_container(raw_response_hook=keep_server)
            except ResourceExistsError:  # another process has just created it
                self.client.get_container_properties(raw_response_hook=keep_server)
        return servers[-1]


def blob_name(folder: str, key: str) -> str:
    """Return the name of a key's blob."""
    name = encode(key)
    return f"{_long_folder(folder)}/{hash_key(key)}" if is_long(name) else f"{folder}/{name}"


def key_metadata(key: str) -> dict[str, str]:
    """Return the metadata that contains the key of a blob, if its name is a hash."""
    return {"key": base64.b64encode(key.encode()).decode()} if is_long(encode(key)) else {}


def is_long(name: str) -> bool:
    """Return whether a name is too long for Azure."""
    return len(name) > MAX_NAME or name.count("/") >= MAX_SEGMENTS


def quoted(etag: str) -> str:
    """Return an etag in quotes, which listings may omit."""
    return '"' + etag.strip('"') + '"'


def _long_folder(folder: str) -> str:
    return f"{folder}-long"


def _is_transient(error: Exception) -> bool:
    if isinstance(error, HttpResponseError) and error.status_code is not None:
        return error.status_code in _TRANSIENT_STATUS
    return isinstance(error, (*_CONNECTION_ERRORS, HttpResponseError))


def is_container_error(error: HttpResponseError) -> bool:
    """Return whether an error is about the container rather than the requested blob."""
    return str(getattr(error, "error_code", "")).startswith("Container")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _first(pair: tuple[str, BlobProperties]) -> str:
    return pair[0]
