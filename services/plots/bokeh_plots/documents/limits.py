"""Limits on what clients publish; each is a setting, `BOKEH_CLOUD_MAX_` followed by its name in capitals."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from bokeh_common.environment import read_int


@dataclass(frozen=True)
class DocumentLimits:
    """The maximum of each quantity.

    Attributes:
        depth: levels of nesting of a document. Bokeh's own serializer is recursive, too, so no real document
            comes near the default; Python's recursion limit is reached at about 300.
        objects: models of a document.
        columns: columns that a document refers to.
        sources: data sources of a plot.
        extensions: scripts of custom models.
        ids: models in one request.
        name_length: characters of a plot's name.
        title_length: characters of a title.
    """

    depth: int = 200
    objects: int = 100_000
    columns: int = 10_000
    sources: int = 10_000
    extensions: int = 100
    ids: int = 1000
    name_length: int = 200
    title_length: int = 1000

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "DocumentLimits":
        """Read the limits from environment variables; raises `Invalid`."""
        names = {item.name: f"BOKEH_CLOUD_MAX_{item.name.upper()}" for item in fields(cls)}
        return cls(**{name: read_int(environ, key, getattr(cls, name)) for name, key in names.items()})


DEFAULT_LIMITS = DocumentLimits()
