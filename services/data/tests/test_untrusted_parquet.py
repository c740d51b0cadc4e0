"""Malicious and damaged Parquet files."""

from contextlib import suppress

import numpy as np
import pyarrow as pa
import pytest

from bokeh_common.errors import Invalid, TooLarge
from bokeh_data.ingest.ingest import FileIngest

from .untrusted_files import create_table, reject, upload, write_parquet

pytestmark = pytest.mark.usefixtures("only_garbage_is_stored")


def varint(value: int) -> bytes:
    """Return a number as in Parquet's footer (Thrift compact protocol: zigzag, seven bits in each byte)."""
    value, out = value << 1, bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def test_parquet_with_wrong_numbers_of_rows(ingest: FileIngest) -> None:
    data = write_parquet(create_table())
    true = varint(12_345)
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    assert true in data[footer:]
    footers = [data[footer:].replace(true, varint(rows)) for rows in (12_346, 1_000_000)]
    footers.append(data[footer:].replace(true, varint(12_344), 1))  # of the file, not of its row group
    for wrong_footer in footers:
        assert len(wrong_footer) == len(data) - footer
        reject(ingest, "parquet", data[:footer] + wrong_footer)


def test_parquet_with_a_wrong_footer_length(ingest: FileIngest) -> None:
    data = write_parquet(create_table())
    for length in (0, 1, 0xFFFFFFFF, len(data) * 2):
        reject(ingest, "parquet", data[:-8] + length.to_bytes(4, "little") + data[-4:])


@pytest.mark.parametrize("seed", range(4))
def test_parquet_with_a_damaged_footer(ingest: FileIngest, seed: int) -> None:
    data = bytearray(write_parquet(create_table(1000)))
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    for at in np.random.default_rng(seed).integers(footer, len(data) - 8, 3):
        data[at] ^= 0xFF
    with suppress(Invalid, TooLarge):
        columns = upload(ingest, "parquet", bytes(data))
        # The damage is in metadata that are not used.
        assert {column.length for column in columns.values()} == {1000}


def test_a_parquet_bomb(ingest: FileIngest) -> None:
    zeros = write_parquet(pa.table({"x": np.zeros(32 << 20)}), compression="zstd", use_dictionary=False)
    assert len(zeros) < 1 << 20
    assert "more in the file" in reject(ingest, "parquet", zeros)
