# ruff: noqa: D102 - what the methods do is said once, on the interface in base.py
"""Records as blobs of JSON; Azure's own etags and conditions make the compare-and-swap."""

import json
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)

from bokeh_common.errors import NotFound
from bokeh_common.storage import keys
from bokeh_common.storage.azure_container import Container, blob_name, is_ours, key_metadata, quoted
from bokeh_common.storage.base import ABSENT, JSON, Absent, Record, RecordStore, Traits
from bokeh_common.storage.keys import check_key, check_page
from bokeh_common.storage.retry import settle


class AzureRecordStore(RecordStore):
    """Records of one namespace."""

    traits = Traits(touch_seconds=1.0)

    def __init__(self, container: Container, namespace: str) -> None:
        self._container = container
        self._room = f"{namespace}/records"

    def get(self, key: str) -> Record:
        check_key(key)
        try:
            return self._container.run(lambda _: self._read(key), 404)
        except ResourceNotFoundError:
            raise NotFound(f"There is no record {key!r}.") from None

    def put(self, key: str, value: JSON, if_match: str | Absent | None = None) -> str:
        check_key(key)
        data, mark = keys.dump(value).encode(), keys.new_etag()
        metadata = {"write": mark, **key_metadata(key)}
        found = f"The record {key!r} {'is there already' if if_match is ABSENT else 'has changed'}."

        def attempt(broken: int) -> str:
            blob = self._blob(key)
            try:
                written: Any = blob.upload_blob(
                    data, length=len(data), metadata=metadata, **_condition(if_match)
                )
            except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError) as error:
                _check(error, if_match is not None)
                written = self._own(key, mark) if broken else None
                settle(written is not None, broken, found)
            return str(written["etag"])

        return self._container.run(attempt)

    def delete(self, key: str, if_match: str | None = None) -> None:
        check_key(key)

        def attempt(broken: int) -> None:
            try:
                self._blob(key).delete_blob(delete_snapshots="include", **_match(if_match))
            except (ResourceModifiedError, ResourceNotFoundError) as error:
                _check(error, if_match is not None or error.status_code == 404)
                settle(if_match is None, broken, f"The record {key!r} has changed.")

        self._container.run(attempt)

    def keys(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[tuple[str, str]]:
        check_page(prefix, after, limit)
        listed = self._container.list(self._room, prefix, after, limit)
        return [(key, quoted(properties.etag)) for key, properties in listed]

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[Record]:
        check_page(prefix, after, limit)
        found: list[Record] = []
        while (wanted := limit - len(found)) > 0:
            names = [key for key, _ in self._container.list(self._room, prefix, after, wanted)]
            found += [record for record in self._container.pool.map(self._find, names) if record]
            if len(names) < wanted:
                break
            after = names[-1]
        return found

    def _find(self, key: str) -> Record | None:
        try:
            return self.get(key)
        except NotFound:  # deleted since it was listed
            return None

    def _read(self, key: str) -> Record:
        download = self._blob(key).download_blob(max_concurrency=1)
        return Record(key, json.loads(download.readall()), str(download.properties.etag))

    def _own(self, key: str, mark: str) -> Any:
        """Return what is known of the record when it is the write with this mark, whose reply was lost."""
        try:
            properties = self._blob(key).get_blob_properties()
        except ResourceNotFoundError:
            return None
        return properties if properties.metadata.get("write") == mark else None

    def _blob(self, key: str) -> Any:
        return self._container.blob(blob_name(self._room, key))


def _condition(if_match: str | Absent | None) -> dict[str, Any]:
    """Return the SDK's arguments: without `overwrite` it sends ``If-None-Match: *``."""
    return {"overwrite": False} if if_match is ABSENT else {"overwrite": True, **_match(if_match)}


def _match(if_match: str | Absent | None) -> dict[str, Any]:
    return {} if if_match is None else {"etag": if_match, "match_condition": MatchConditions.IfNotModified}


def _check(error: HttpResponseError, conditional: bool) -> None:
    """Let through what is not about a condition: no container any more, or somebody's lease on the blob."""
    if is_ours(error) or not conditional:
        raise error
