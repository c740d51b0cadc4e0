"""Each figure of the gallery is the same document after it was published and read again."""

from functools import cache

import pytest
from blake3 import blake3

import bokeh_cloud
from bokeh_common.storage import open_blobs
from tests.gallery import FIGURES, as_document
from tests.support.canonical import canonical

#: A figure with binary columns.
WITH_BINARY_COLUMNS = "binary_numbers"


@cache
def original(name: str) -> str:
    serialised = as_document(FIGURES[name]()).to_json(deferred=True)
    return canonical(serialised.content, serialised.buffers)


def published(plot: bokeh_cloud.Plot) -> str:
    serialised = plot.to_json()
    return canonical(serialised.content, serialised.buffers)


@pytest.mark.parametrize("name", FIGURES)
def test_a_published_figure_can_be_read_unchanged(cloud: str, name: str) -> None:
    server = bokeh_cloud.Server(cloud)
    plot = server.publish(as_document(FIGURES[name]()), f"round trip of {name}")
    assert published(plot) == original(name)
    again = server.publish(as_document(FIGURES[name]()), f"round trip of {name}")
    assert (again.unchanged, again.version) == (True, plot.version)


def test_a_flipped_bit_in_a_stored_column_is_detected(cloud: str, cloud_storage: str) -> None:
    """The negative control of the test above: it compares what is stored, to the bit."""
    plot = bokeh_cloud.Server(cloud).publish(as_document(FIGURES[WITH_BINARY_COLUMNS]()), "damaged")
    blobs = open_blobs(cloud_storage, "data")
    hashes = {blake3(buffer.data).hexdigest() for buffer in plot.to_json().buffers}  # each is one chunk
    chunks = [blob.key for blob in blobs.list(limit=10_000) if blob.key.removeprefix("chunks/") in hashes]
    assert chunks, "no column of the figure was found in the store"
    for chunk in chunks:
        intact = b"".join(blobs.get(chunk))
        middle = len(intact) // 2
        blobs.put(chunk, [intact[:middle], bytes([intact[middle] ^ 1]), intact[middle + 1 :]])
        assert published(plot) != original(WITH_BINARY_COLUMNS)
        blobs.put(chunk, [intact])
    assert published(plot) == original(WITH_BINARY_COLUMNS)
