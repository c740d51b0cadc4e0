"""Publishing an unchanged plot again sends the hashes of its chunks, but no chunk."""

from pathlib import Path

import numpy as np
import pytest
from bokeh.plotting import figure

import bokeh_cloud
from bokeh_cloud.columns.chunked_column import CHUNK_BYTES
from tests.bench.publish import AIM_BYTES, relay
from tests.support.embedded_server import one_process

FEW, MORE = 2, 18  # chunks
GIBIBYTE = (1 << 30) // CHUNK_BYTES  # chunks


def test_publishing_an_unchanged_gibibyte_again_sends_less_than_100_kb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOKEH_CLOUD_CONFIG_DIR", str(tmp_path / "config"))
    with one_process(f"local://{tmp_path / 'storage'}") as url, relay(url) as (counted_url, counted):
        sizes = {}
        for chunks in (FEW, MORE):
            values = np.random.default_rng(chunks).standard_normal(chunks * CHUNK_BYTES // 8)
            plot = figure()
            plot.line(values[: len(values) // 2], values[len(values) // 2 :])
            bokeh_cloud.Server(url).publish(plot, f"{chunks} chunks")
            before = sum(counted)
            assert bokeh_cloud.Server(counted_url).publish(plot, f"{chunks} chunks").unchanged
            sizes[chunks] = sum(counted) - before
    per_chunk = (sizes[MORE] - sizes[FEW]) / (MORE - FEW)
    assert sizes[FEW] + (GIBIBYTE - FEW) * per_chunk < AIM_BYTES
