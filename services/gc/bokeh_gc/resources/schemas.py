"""The bodies of requests and responses; validation and the OpenAPI description are made from these types."""

from typing import Annotated, TypedDict

import msgspec
from msgspec import Meta

from bokeh_common.http.openapi.operations import Api
from bokeh_gc.collection.collector import OrphanSummary


class RunRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A request to collect garbage, or only to report what would be deleted."""

    dry_run: bool = False


class OrphanPage(TypedDict):
    """Orphans in the order of their ids."""

    orphans: list[OrphanSummary]


API = Api("gc", paths={"user": Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{1,38}$", examples=["ada"])]})
