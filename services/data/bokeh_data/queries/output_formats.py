"""The registry of output formats, which the API, its OpenAPI description and the pages of the cloud read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bokeh_data.queries import writers
from bokeh_data.queries.query import QueryResult
from bokeh_data.queries.writers import WrittenRows

PACKED_TYPE = "application/vnd.bokeh-cloud.packed"


@dataclass(frozen=True)
class OutputFormat:
    """An output format of rows.

    Attributes:
        name: names the format in ETags and code.
        media_type: for content negotiation, and the `Content-Type` of responses.
        extension: of the URL, and of files that are downloaded, without a dot.
        label: of download links.
        audience: which pages have download links: "visitors" of plots and owners of data sources, "owners"
            only, or none for "programs".
        write: returns rows in this format.
    """

    name: str
    media_type: str
    extension: str
    label: str
    audience: Literal["visitors", "owners", "programs"]
    write: Callable[[QueryResult], WrittenRows]

    @property
    def summary(self) -> dict[str, str]:
        """What other services get."""
        names = ("name", "media_type", "extension", "label", "audience")
        return {name: getattr(self, name) for name in names}


PACKED_ROWS = OutputFormat("packed", PACKED_TYPE, "packed", "Packed", "programs", writers.write_packed)

#: All output formats, in the order of download links.
OUTPUT_FORMATS = (
    OutputFormat("csv", "text/csv", "csv", "CSV", "visitors", writers.write_csv),
    OutputFormat(
        "parquet",
        "application/vnd.apache.parquet",
        "parquet",
        "Parquet",
        "visitors",
        writers.write_parquet,
    ),
    OutputFormat("json", "application/json", "json", "JSON", "visitors", writers.write_json),
    OutputFormat(
        "arrow", "application/vnd.apache.arrow.stream", "arrow", "Arrow", "owners", writers.write_arrow
    ),
    PACKED_ROWS,
)

#: The name of the format of responses to clients that accept several formats equally, such as browsers.
DEFAULT = "json"


def output_formats() -> list[OutputFormat]:
    """Return all output formats, in the order of download links."""
    return list(OUTPUT_FORMATS)


def formats_by_preference() -> list[OutputFormat]:
    """Return all output formats, the default one first."""
    return sorted(OUTPUT_FORMATS, key=lambda output_format: output_format.name != DEFAULT)


def find_format(extension: str) -> OutputFormat | None:
    """Return the output format with an extension; None if there is none."""
    return next((one for one in OUTPUT_FORMATS if one.extension == extension), None)
