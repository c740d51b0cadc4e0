"""Schemas of the routes for other services."""

from typing import Annotated

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(max_length=64)]


class PinRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The data sources and columns that a plot is about to refer to."""

    sources: list[Name] = []
    columns: list[Name] = []


class SourceBatchRequest(msgspec.Struct):
    """The versions of data sources, by their ids; null for the current version."""

    sources: dict[str, int | None]


class CurrentSourcesRequest(msgspec.Struct):
    """Ids of data sources."""

    sources: list[str]


class RequestedChanges(msgspec.Struct):
    """What is asked about a source; positions are those of `Source.position`."""

    names: list[str] | None = None
    since: list[int] | None = None
    until: list[int] | None = None


class SourceChangesRequest(msgspec.Struct):
    """What is asked about live sources, by their ids."""

    sources: dict[str, RequestedChanges]


class TransferredSource(msgspec.Struct):
    """A data source to be created, with the hashes of its columns by name, and the source that had them."""

    name: Annotated[str, Meta(min_length=1)]
    columns: dict[str, str]
    source: str | None = None
    version: int | None = None


class TransferRequest(msgspec.Struct):
    """What an account gets, and the account that has it."""

    owner: str
    sources: list[TransferredSource]


class ByteReservationRequest(msgspec.Struct):
    """The bytes that the plots service is going to store, and how many the account may have."""

    bytes: Annotated[int, Meta(ge=0)]
    limit: Annotated[int, Meta(ge=0)]


class StoredBytesQuery(msgspec.Struct):
    """How many bytes of a reservation were stored."""

    stored: Annotated[int, Meta(ge=0)] = 0


class CompressionRequest(msgspec.Struct):
    """The chunks after `after` that were last touched between two times (POSIX seconds)."""

    after: str
    since: float
    until: float
