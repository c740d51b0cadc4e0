"""What a contract needs to know of a backend: where it is, and how to look at it behind the store's back."""

import secrets
from abc import ABC, abstractmethod

from bokeh_common.storage import JSON, BlobStore, RecordStore, open_blobs, open_records


class Medium(ABC):
    """A backend under test, with a namespace that is empty.

    Attributes:
        url: its storage URL.
        namespace: the namespace of this test alone.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.namespace = f"t{secrets.token_hex(6)}"

    def records(self) -> RecordStore:
        """Open the records anew, as another process would."""
        return open_records(self.url, self.namespace)

    def blobs(self) -> BlobStore:
        """Open the blobs anew, as another process would."""
        return open_blobs(self.url, self.namespace)

    @abstractmethod
    def plant_record(self, key: str, value: JSON) -> None:
        """Store a record without the store under test."""

    @abstractmethod
    def plant_blob(self, key: str, data: bytes) -> None:
        """Store a blob without the store under test."""

    @abstractmethod
    def stored_records(self) -> dict[str, JSON]:
        """Read all records of the namespace without the store under test."""

    @abstractmethod
    def stored_blobs(self) -> dict[str, bytes]:
        """Read all blobs of the namespace without the store under test."""
