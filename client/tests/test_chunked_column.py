import json
import os

import numpy as np
import pytest
from blake3 import blake3

from bokeh_cloud.columns.chunked_column import CHUNK_BYTES, ITEM_BYTES, chunked_column, flat_bytes, hash_bytes


def test_the_hash_is_that_of_the_canonical_manifest() -> None:
    data = np.arange(3, dtype="<f8").tobytes()
    chunk = blake3(data).hexdigest()
    manifest = f'{{"chunks":[{{"hash":"{chunk}","size":24}}],"dtype":"float64","shape":[3]}}'
    assert chunked_column("float64", [3], data).hash == blake3(manifest.encode()).hexdigest()


def test_a_long_column_is_cut_into_chunks_that_are_views() -> None:
    data = os.urandom(2 * CHUNK_BYTES + 8)
    found = chunked_column("float64", [len(data) // 8], data)
    assert [len(chunk.data) for chunk in found.chunks] == [CHUNK_BYTES, CHUNK_BYTES, 8]
    assert all(chunk.data.obj is data for chunk in found.chunks)
    assert [chunk.hash for chunk in found.chunks] == [
        blake3(chunk.data).hexdigest() for chunk in found.chunks
    ]
    assert found.size == len(data)


@pytest.mark.parametrize("dtype", sorted(ITEM_BYTES))
def test_chunks_hold_whole_elements(dtype: str) -> None:
    assert CHUNK_BYTES % ITEM_BYTES[dtype] == 0


def test_an_empty_column_has_no_chunks() -> None:
    empty = chunked_column("float64", [0, 7], np.empty((0, 7)).data)
    assert empty.chunks == ()
    assert empty.manifest() == {"chunks": [], "dtype": "float64", "shape": [0, 7]}


def test_an_array_without_dimensions_has_one_element() -> None:
    assert chunked_column("float32", [], bytes(4)).size == 4


def test_the_shape_changes_the_hash_but_not_the_chunks() -> None:
    row, square = chunked_column("int32", [4], bytes(16)), chunked_column("int32", [2, 2], bytes(16))
    assert row.hash != square.hash
    assert row.chunks[0].hash == square.chunks[0].hash


def test_a_size_that_does_not_match_the_shape_is_an_error() -> None:
    with pytest.raises(ValueError, match="takes 16 bytes, not 15"):
        chunked_column("float64", [2], bytes(15))


def test_manifests_are_json() -> None:
    assert json.loads(json.dumps(chunked_column("bool", (1,), b"\x01").manifest()))["shape"] == [1]


@pytest.mark.parametrize("size", [0, 1, 2**18 - 1, 2**18, 2**20 + 1])
def test_hashing_with_several_threads_gives_the_same_hash(size: int) -> None:
    data = os.urandom(size)
    assert hash_bytes(memoryview(data)) == blake3(data, max_threads=1).hexdigest()


def test_flattening_copies_nothing() -> None:
    array = np.arange(6.0).reshape(2, 3)
    array_bytes = flat_bytes(array.data)
    array[0, 0] = 42
    assert array_bytes.tobytes() == array.tobytes()
