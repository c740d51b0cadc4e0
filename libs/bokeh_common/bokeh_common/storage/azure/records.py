# ruff: noqa: D102 - the methods are documented on the interface in interfaces.py
"""Records as blobs with JSON; compare-and-swap uses etags and conditional requests of Azure."""

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
from bokeh_common.storage import validation
from bokeh_common.storage.azure.container import (
    AzureContainer,
    blob_name,
    is_container_error,
    key_metadata,
    quoted,
)
from bokeh_common.storage.failures import record_conflict, record_not_found
from bokeh_common.storage.interfaces import ABSENT, JSON, Absent, BackendTraits, Record, RecordStore
from bokeh_common.storage.retry import require_swapped
from bokeh_common.storage.validation import check_key, check_page


class AzureRecordStore(RecordStore):
    """Records of one namespace."""

    traits = BackendTraits(touch_seconds=1.0)

    def __init__(self, container: AzureContainer, namespace: str) -> None:
        self._container = container
        self._folder = f"{namespace}/records"

    def get(self, key: str) -> Record:
        check_key(key)
        try:
            return self._container.run(lambda _: self._read(key), 404)
        except ResourceNotFoundError:
            raise record_not_found(key) from None

    def put(self, key: str, value: JSON, if_match: str | Absent | None = None) -> str:
        check_key(key)
        data, write_id = validation.encode_json(value).encode(), validation.new_etag()
        metadata = {"write": write_id, **key_metadata(key)}
        conflict = record_conflict(key, if_match)

        def attempt(failed: int) -> str:
            blob = self._blob(key)
            try:
                written: Any = blob.upload_blob(
                    data, length=len(data), metadata=metadata, **_condition(if_match)
                )
            except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError) as error:
                _raise_unless_condition(error, if_match is not None)
                written = self._find_write(key, write_id) if failed else None
                require_swapped(written is not None, failed, conflict)
            return str(written["etag"])

        return self._container.run(attempt)

    def delete(self, key: str, if_match: str | None = None) -> None:
        check_key(key)

        def attempt(failed: int) -> None:
            try:
                self._blob(key).delete_blob(delete_snapshots="include", **_match(if_match))
            except (ResourceModifiedError, ResourceNotFoundError) as error:
                _raise_unless_condition(error, if_match is not None or error.status_code == 404)
                require_swapped(if_match is None, failed, record_conflict(key))

        self._container.run(attempt)

    def keys(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[tuple[str, str]]:
        check_page(prefix, after, limit)
        listed = self._container.list(self._folder, prefix, after, limit)
        return [(key, quoted(properties.etag)) for key, properties in listed]

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[Record]:
        check_page(prefix, after, limit)
        found: list[Record] = []
        while (wanted := limit - len(found)) > 0:
            names = [key for key, _ in self._container.list(self._folder, prefix, after, wanted)]
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

    def _find_write(self, key: str, write_id: str) -> Any:
        """Return the properties of the record if it was written by this write, whose response was lost."""
        try:
            properties = self._blob(key).get_blob_properties()
        except ResourceNotFoundError:
            return None
        return properties if properties.metadata.get("write") == write_id else None

    def _blob(self, key: str) -> Any:
        return self._container.blob(blob_name(self._folder, key))


def _condition(if_match: str | Absent | None) -> dict[str, Any]:
    """Return arguments of the SDK; without `overwrite` it sends ``If-None-Match: *``."""
    return {"overwrite": False} if if_match is ABSENT else {"overwrite": True, **_match(if_match)}


def _match(if_match: str | Absent | None) -> dict[str, Any]:
    return {} if if_match is None else {"etag": if_match, "match_condition": MatchConditions.IfNotModified}


def _raise_unless_condition(error: HttpResponseError, conditional: bool) -> None:
    """Raise errors other than failed conditions: a deleted container, or a lease on the blob."""
    if is_container_error(error) or not conditional:
        raise error
