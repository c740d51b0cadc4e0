"""A backend under test: its URL, and access to what it stores without the stores under test."""

import secrets
from abc import ABC, abstractmethod

from bokeh_common.storage import JSON, BlobStore, RecordStore, open_blobs, open_records


class Backend(ABC):
    """A backend under test, with an empty namespace.

    Attributes:
        url: its storage URL.
        namespace: the namespace, which only one test uses.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.namespace = f"t{secrets.token_hex(6)}"

    def records(self) -> RecordStore:
        """Open the records again, like another process."""
        return open_records(self.url, self.namespace)

    def blobs(self) -> BlobStore:
        """Open the blobs again, like another process."""
        return open_blobs(self.url, self.namespace)

    @abstractmethod
    def insert_record(self, key: str, value: JSON) -> None:
        """Insert a record without using the store."""

    @abstractmethod
    def insert_blob(self, key: str, data: bytes) -> None:
        """Insert a blob without using the store."""

    @abstractmethod
    def stored_records(self) -> dict[str, JSON]:
        """Return all records of the namespace without using the store."""

    @abstractmethod
    def stored_blobs(self) -> dict[str, bytes]:
        """Return all blobs of the namespace without using the store."""
