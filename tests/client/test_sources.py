"""Data sources on the server: plots share them, all plots show a change, and nothing is uploaded twice."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import requests
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure
from playwright.sync_api import Browser, Page
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ProtocolError

import bokeh_cloud
from bokeh_cloud.data.sources import RemoteDataSource
from bokeh_cloud.publishing.download import fetch_document, to_document
from tests.support.chromium import frame_of, wait_ready

T = np.arange(1000.0)


@pytest.fixture
def src(server: bokeh_cloud.Server, request: pytest.FixtureRequest) -> RemoteDataSource:
    return server.DataSource(request.node.name, t=T, y=np.sin(T))


def published_values(plot: bokeh_cloud.Plot, column: str = "y", version: str = "") -> Any:
    """Return the values of a column of a published plot."""
    document = to_document(fetch_document(plot._connection, plot.user_id, f"{plot.path}/scene{version}"))
    source: Any
    [source] = document.select({"type": ColumnDataSource})
    values: Any = source.data[column]
    return values


def test_glyphs_can_use_it_and_publishing_uploads_nothing(
    server: bokeh_cloud.Server, src: RemoteDataSource, uploads: list[int]
) -> None:
    line, dots = figure(), figure()
    line.line("t", "y", source=src)
    dots.scatter("t", "y", source=src)
    first, second = server.publish(line, "with source 1"), server.publish(dots, "with source 2")
    assert not uploads
    for plot in (first, second):
        np.testing.assert_array_equal(published_values(plot), np.sin(T))
    assert server.publish(line, "with source 1").unchanged


def test_every_plot_that_uses_it_shows_a_commit(server: bokeh_cloud.Server, src: RemoteDataSource) -> None:
    line, dots = figure(), figure()
    line.line("t", "y", source=src)
    dots.scatter("t", "y", source=src)
    plots = server.publish(line, "live 1"), server.publish(dots, "live 2")
    src.update(y=np.cos(T))
    src.commit()
    src.stream(t=[1000.0], y=[7.0])
    for plot in plots:
        np.testing.assert_array_equal(published_values(plot), [*np.cos(T), 7.0])
        np.testing.assert_array_equal(published_values(plot, version="?version=1"), np.sin(T))
        assert requests.get(plot.embed_url, timeout=30).status_code == 200


def test_browsers_show_a_commit_in_every_plot(
    server: bokeh_cloud.Server, src: RemoteDataSource, browser: Browser, uploads: list[int]
) -> None:
    line, dots = figure(), figure()
    line.line("t", "y", source=src)
    dots.scatter("t", "y", source=src)
    plots = server.publish(line, "in a browser 1"), server.publish(dots, "in a browser 2")
    assert not uploads
    with browser.new_context() as context:
        pages = [(context.new_page(), plot.url) for plot in plots]
        for page, url in pages:
            page.goto(url)
            assert rendered_values(page)[:2] == [0, math.sin(1)]
        src.update(y=T * 3)
        src.commit()
        assert uploads == [8000]
        for page, url in pages:
            page.goto(url)
            assert rendered_values(page)[:2] == [0, 3]


def rendered_values(page: Page) -> list[float]:
    """Return the values that BokehJS displays, after it has rendered the plot."""
    frame = frame_of(page)
    wait_ready(frame)
    source = "Bokeh.documents[0].roots()[0].renderers[0].data_source"
    values: list[float] = frame.evaluate(f"[...{source}.data.y]")
    return values


def test_committing_uploads_only_changes(src: RemoteDataSource, uploads: list[int]) -> None:
    src.add(z=T[:10])
    assert not uploads
    with pytest.raises(bokeh_cloud.CloudError):
        src.add(z=T)
    src.update(z=T * 2)
    src.commit()
    assert uploads == [8000]
    assert src.version == 2
    src.remove("z")
    assert list(src.columns()) == ["t", "y"]
    src.commit()
    assert (src.version, uploads) == (3, [8000])
    assert src.commit().version == 3
    assert src.rollback(2).columns().keys() == {"t", "y", "z"}
    assert src.versions()[-1] == 4


@pytest.mark.parametrize("how", ["columns", "dictionary", "frame"])
def test_streaming(src: RemoteDataSource, how: str) -> None:
    rows: Any = {"t": [1000.0, 1001.0], "y": [0.5, np.nan]}
    if how == "columns":
        src.stream(**rows)
    elif how == "dictionary":
        src.stream(rows)
    else:
        src.stream(pd.DataFrame(rows))
    assert len(src.data["t"]) == 1002
    np.testing.assert_array_equal(np.asarray(src.data["y"])[-2:], [0.5, np.nan])
    src.stream({"t": [1.0], "y": [2.0]}, rollover=5)
    np.testing.assert_array_equal(src.data["t"], [998.0, 999.0, 1000.0, 1001.0, 1.0])
    with pytest.raises(bokeh_cloud.Rejected):
        src.stream(t=[1.0])


def test_patching(src: RemoteDataSource) -> None:
    src.patch({"y": [(0, 5.5), (slice(1, 3), [7, 8])]})
    np.testing.assert_array_equal(np.asarray(src.data["y"])[:4], [5.5, 7, 8, np.sin(3)])
    with pytest.raises(bokeh_cloud.CloudError, match="no column 'x'; there are t, y"):
        src.patch({"x": [(0, 1)]})


def test_values_of_all_kinds_round_trip(server: bokeh_cloud.Server) -> None:
    frame = pd.DataFrame(
        {
            "number": [1.5, np.nan],
            "whole": [2**60, -1],
            "text": ["ü", None],
            "day": pd.to_datetime(["2026-01-01", "2026-06-01"]),
            "zoned": pd.to_datetime(["2026-01-01", "2026-06-01"]).tz_localize("Europe/Zurich"),
            "truth": [True, False],
            "with space": [[1, 2], [3]],
        }
    )
    server.DataSource("kinds", frame)
    back = server.source("kinds").to_pandas()
    pd.testing.assert_frame_equal(back, frame.reset_index(), check_dtype=False)
    assert str(back.zoned.dtype).endswith("Europe/Zurich]")
    table = server.source("kinds").to_arrow()
    assert table.column("text").to_pylist() == ["ü", None]
    assert table.column("whole").to_pylist() == [2**60, -1]
    assert str(table.schema.field("zoned").type).endswith("tz=Europe/Zurich]")


def test_each_kind_of_time_zone_is_preserved(server: bokeh_cloud.Server) -> None:
    offset = pd.Series(pd.to_datetime(["2026-01-01T00:00+02:00", "2026-01-02T00:00+02:00"]))
    named = offset.dt.tz_convert("Asia/Tokyo")
    columns = {
        "offset": offset,
        "polars": pl.Series(named.dt.tz_convert("UTC")).dt.convert_time_zone("Asia/Tokyo"),
    }
    src = server.DataSource("times", columns)
    back = src.to_pandas()
    assert [str(back[name].dtype.tz) for name in columns] == ["UTC+02:00", "Asia/Tokyo"]
    assert back.offset.tolist() == back.polars.tolist() == offset.tolist()
    src.stream(columns)
    assert len(src.to_pandas()) == 4


def test_a_patch_preserves_the_time_zone(server: bokeh_cloud.Server) -> None:
    zoned = pd.to_datetime(["2026-01-01", "2026-06-01"]).tz_localize("Europe/Zurich")
    src = server.DataSource("patched", {"zoned": pd.Series(zoned), "text": ["a", "b"]})
    src.patch({"zoned": [(1, np.datetime64("2026-07-01"))], "text": [(0, "c")]})
    back = server.source("patched").to_pandas()
    assert back.zoned.tolist() == [zoned[0], pd.Timestamp("2026-07-01T02:00", tz="Europe/Zurich")]
    assert back.text.tolist() == ["c", "b"]


def test_a_conflicting_commit_is_rejected_and_loses_nothing(
    server: bokeh_cloud.Server, src: RemoteDataSource
) -> None:
    other = server.source(src.name or "")
    other.update(y=T)
    other.commit()
    src.update(y=T * 2)
    with pytest.raises(bokeh_cloud.Rejected, match=r"Another client has changed.*refresh\(\)"):
        src.commit()
    src.refresh()
    np.testing.assert_array_equal(src.data["y"], T)
    [listed] = [item for item in server.data() if item.source_id == src.source_id]
    listed.update(y=T * 3)
    assert listed.commit().version == 3


def test_a_commit_whose_response_is_lost_is_not_a_conflict(
    src: RemoteDataSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_request = HTTPConnectionPool._make_request
    lost: list[str] = []

    def lose_response(self: HTTPConnectionPool, *given: Any, **how: Any) -> Any:
        response = make_request(self, *given, **how)
        if (given[1], "/chunks/" in given[2], lost) == ("PUT", False, []):
            lost.append(given[2])
            raise ProtocolError("Connection aborted.")
        return response

    src.update(y=T * 2)
    with monkeypatch.context() as patched:
        patched.setattr(HTTPConnectionPool, "_make_request", lose_response)
        src.commit()
    assert lost
    assert (src.version, src.versions()) == (2, [1, 2])
    src.update(y=T * 3)
    assert src.commit().version == 3


def test_changes_that_are_not_committed_are_not_published(
    server: bokeh_cloud.Server, src: RemoteDataSource
) -> None:
    fig = figure()
    src.add(z=T)
    fig.line("t", "z", source=src)
    with pytest.raises(bokeh_cloud.NotPublishable, match=r"not stored yet: call commit\(\) first"):
        server.publish(fig, "not committed")
    with pytest.raises(bokeh_cloud.CloudError, match="commit"):
        src.stream(t=[1], y=[1])
    src.commit()
    assert "z" in server.source(src.name or "").column_names
    assert server.publish(fig, "committed")


def test_changes_by_bokehs_own_interface_are_committed(
    server: bokeh_cloud.Server, src: RemoteDataSource
) -> None:
    src.data["y"] = T * 5
    assert src.changed
    src.commit()
    assert not src.changed
    np.testing.assert_array_equal(server.source(src.name or "").data["y"], T * 5)
    src.data = {"t": src.data["t"], "w": T}
    src.commit()
    assert server.source(src.name or "").column_names == ["t", "w"]


def test_its_values_are_embedded_in_files_and_sent_to_other_servers(
    src: RemoteDataSource, tmp_path: Path
) -> None:
    from bokeh.embed import file_html

    from tests.support.embedded_server import one_process

    fig = figure()
    fig.line("t", "y", source=src)
    assert len(file_html(fig)) > 8000
    with one_process(f"local://{tmp_path / 'other'}") as url:
        plot = bokeh_cloud.Server(url).publish(fig, "elsewhere")
        np.testing.assert_array_equal(published_values(plot), np.sin(T))


def test_a_source_in_use_is_not_deleted(server: bokeh_cloud.Server, src: RemoteDataSource) -> None:
    fig = figure()
    fig.line("t", "y", source=src)
    server.publish(fig, "user of the source")
    with pytest.raises(bokeh_cloud.Rejected, match="user of the source"):
        src.delete()
    src.delete(force=True)
    with pytest.raises(bokeh_cloud.NotFound, match="There is no data source"):
        server.source(src.source_id)


def test_frozen_sources_cannot_be_changed(server: bokeh_cloud.Server) -> None:
    fig = figure()
    fig.line([1, 2], [3, 4.015625])  # of no other test, since equal data are one source
    server.publish(fig, "frozen")
    [source] = [item for item in server.data() if (item.name or "").startswith("frozen/")]
    assert not source.live
    with pytest.raises(bokeh_cloud.CloudError):
        source.stream(x=[1], y=[1])
