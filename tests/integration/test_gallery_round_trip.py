"""Every figure, published and put together again, is the document that it was, arrays equal bit for bit."""

from pathlib import Path

import pytest
from blake3 import blake3

import bokeh_cloud
from tests.gallery import FIGURES, as_document
from tests.integration.canonical import canonical

#: A figure with binary columns.
DAMAGED = "binary_numbers"


def original(name: str) -> str:
    serialised = as_document(FIGURES[name]()).to_json(deferred=True)
    return canonical(serialised.content, serialised.buffers)


def published(plot: bokeh_cloud.Plot) -> str:
    serialised = plot.to_json()
    return canonical(serialised.content, serialised.buffers)


@pytest.mark.parametrize("name", FIGURES)
def test_round_trip(cloud: str, name: str) -> None:
    server = bokeh_cloud.Server(cloud)
    plot = server.publish(as_document(FIGURES[name]()), f"round trip of {name}")
    assert published(plot) == original(name)
    again = server.publish(as_document(FIGURES[name]()), f"round trip of {name}")
    assert (again.unchanged, again.version) == (True, plot.version)


def test_a_changed_byte_in_a_stored_column_is_seen(cloud: str, cloud_folder: Path) -> None:
    """The negative control: what is compared comes from the store, and one bit of it counts."""
    plot = bokeh_cloud.Server(cloud).publish(as_document(FIGURES[DAMAGED]()), "damaged")
    chunks = [path for buffer in plot.to_json().buffers for path in files_of(buffer.data, cloud_folder)]
    assert chunks, "no column of the figure was found in the store"
    for chunk in chunks:
        intact = chunk.read_bytes()
        middle = len(intact) // 2
        chunk.write_bytes(intact[:middle] + bytes([intact[middle] ^ 1]) + intact[middle + 1 :])
        assert published(plot) != original(DAMAGED)
        chunk.write_bytes(intact)
    assert published(plot) == original(DAMAGED)


def files_of(data: bytes | memoryview, folder: Path) -> list[Path]:
    """Return the files of a column that is small enough to be one chunk, which its hash names."""
    name = blake3(data).hexdigest()
    return [path for path in folder.rglob("*") if path.is_file() and path.name.endswith(name[-32:])]
