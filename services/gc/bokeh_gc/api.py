"""What the routes of this service take and answer, as types: they validate, and they are the description."""

from typing import Annotated, TypedDict

import msgspec
from msgspec import Meta

from bokeh_common.http.operations import Api
from bokeh_gc.collector import OrphanSummary


class Run(msgspec.Struct, forbid_unknown_fields=True):
    """Whether to delete, or only to tell what would be deleted."""

    dry_run: bool = False


class OrphanPage(TypedDict):
    """Orphans in the order of their ids."""

    orphans: list[OrphanSummary]


API = Api("gc", paths={"user": Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{1,38}$", examples=["ada"])]})
