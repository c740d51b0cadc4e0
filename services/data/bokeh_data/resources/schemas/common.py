"""Types that several schemas use."""

from typing import Annotated

from msgspec import Meta

from bokeh_common.hashing import HASH_PATTERN

A_HASH = "ea8f163db38682925e4491c5e58d4bb3506ef8c14eb78a86e908c5624a67200f"

Hash = Annotated[str, Meta(pattern=f"^{HASH_PATTERN}$", description="BLAKE3-256.", examples=[A_HASH])]
SourceId = Annotated[str, Meta(pattern="^[a-z2-7]{26}$", examples=["mfrggzdfmztwq2lknnwg23tpob"])]
UserId = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{1,38}$", examples=["ada"])]
Count = Annotated[int, Meta(ge=0)]
Version = Annotated[int, Meta(ge=1)]
Time = Annotated[str, Meta(description="RFC 3339, in UTC; empty if it is unknown.")]

#: The maximum length of names may be configured, so it is described here and checked by `SourceLimits`.
SourceName = Annotated[str, Meta(min_length=1, extra_json_schema={"maxLength": 1000})]
