"""What is stored of a publication, computed before anything is written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bokeh_common.errors import Invalid
from bokeh_plots.documents.live_columns import sent_size
from bokeh_plots.documents.publication import Publication


@dataclass(frozen=True)
class AnalyzedPublication:
    """A publication with what is derived from it, which takes time for large documents.

    Attributes:
        publication: the publication, with the present columns of its live sources.
        fingerprint: see `Publication.fingerprint`.
        first_title: the title of a new plot.
        traits: see `Publication.traits`.
        sizes: the sizes of its columns in bytes, as sent to browsers, by hash.
        scene: the scene as it is stored.
    """

    publication: Publication
    fingerprint: str
    first_title: str
    traits: dict[str, Any]
    sizes: dict[str, int]
    scene: bytes

    def manifest(self, extensions: list[str], scene: str) -> bytes:
        """Return the manifest as it is stored, from the hashes of the extensions and the scene."""
        return compact({**self.traits, "columns": self.sizes, "extensions": extensions, "scene": scene})


def prepare(publication: Publication, sources: Mapping[str, Any]) -> AnalyzedPublication:
    """Prepare a publication.

    Args:
        publication: the publication.
        sources: its data sources by id, as the data service describes them.

    Raises:
        Invalid: the scene refers to columns that are in none of its data sources (member `missing`).
    """
    current = publication.with_live(sources)
    sizes = _sizes(current, sources)
    return AnalyzedPublication(
        publication=current,
        fingerprint=current.fingerprint,
        first_title=current.first_title,
        traits=current.traits,
        sizes=sizes,
        scene=compact(current.document),
    )


def compact(value: Any) -> bytes:
    """Return a value as JSON without spaces."""
    return json.dumps(value, separators=(",", ":")).encode()


def _sizes(publication: Publication, sources: Mapping[str, Any]) -> dict[str, int]:
    columns = {column["hash"]: column for source in sources.values() for column in source["columns"].values()}
    used = sorted(publication.columns)
    if missing := [column for column in used if column not in columns]:
        detail = f"The document refers to {len(missing)} columns that are in none of its data sources."
        raise Invalid(detail, slug="missing-columns", missing=missing)
    return {column: sent_size(columns[column]) for column in used}
