"""Files of tables that browsers send: what they are, after their names."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from pathlib import PurePath

from bokeh_common.errors import Invalid

MEDIA_TYPES = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".json": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".parquet": "application/vnd.apache.parquet",
    ".arrow": "application/vnd.apache.arrow.file",
    ".feather": "application/vnd.apache.arrow.file",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
ENCODINGS = {".gz": "gzip", ".zst": "zstd"}


@dataclass(frozen=True)
class TableFile:
    """A file that is being received.

    Attributes:
        name: on the visitor's computer; its suffixes say what it is.
        size: in bytes.
        blocks: its bytes.
        types: of columns, such as `zip=text`.
    """

    name: str
    size: int
    blocks: AsyncIterable[bytes]
    types: list[str]

    @property
    def headers(self) -> dict[str, str]:
        """The headers with which it is sent to the data service; `Invalid` as `describe_file`."""
        return {"Content-Length": str(self.size), **describe_file(self.name)}


def describe_file(name: str) -> dict[str, str]:
    """Return the `Content-Type` of a file, and its `Content-Encoding` if it is compressed.

    Raises:
        Invalid: its suffix is not one of a table.
    """
    suffixes = [suffix.lower() for suffix in PurePath(name).suffixes]
    encoding = ENCODINGS.get(suffixes[-1]) if suffixes else None
    suffix = suffixes[-2:][0] if encoding else suffixes[-1] if suffixes else ""
    if suffix not in MEDIA_TYPES:
        known, packed = ", ".join(MEDIA_TYPES), " or ".join(ENCODINGS)
        raise Invalid(f"{name[:80]!r} is none of {known}, and none of these with {packed}.")
    return {"Content-Type": MEDIA_TYPES[suffix], **({"Content-Encoding": encoding} if encoding else {})}
