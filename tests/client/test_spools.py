"""Spools of writers: files that keep rows until they are stored."""

import sqlite3
from pathlib import Path

import pytest

import bokeh_cloud
from bokeh_cloud.data.catalog import create_source
from bokeh_cloud.data.sources import RemoteDataSource
from bokeh_cloud.data.streaming.row_batches import PackedRows
from bokeh_cloud.data.streaming.spool import Spool, SpoolSource
from tests.client.test_writers import DTYPES, NOW, values_of


@pytest.fixture
def src(server: bokeh_cloud.Server, request: pytest.FixtureRequest) -> RemoteDataSource:
    return server.DataSource(request.node.name, dtypes=DTYPES)


def test_a_spool_has_one_writer_and_one_source(
    server: bokeh_cloud.Server, src: RemoteDataSource, tmp_path: Path
) -> None:
    spool, other = tmp_path / "rows.spool", server.DataSource("other source", dtypes=DTYPES)
    with src.writer(spool=spool) as writer:
        writer.stream(t=[NOW], y=[1])
        with pytest.raises(bokeh_cloud.CloudError, match="another writer uses it"):
            src.writer(spool=spool)
    with pytest.raises(bokeh_cloud.CloudError, match="keeps rows of the data source"):
        other.writer(spool=spool)
    (tmp_path / "text").write_text("text, " * 1000)
    with pytest.raises(bokeh_cloud.CloudError, match="is it a file of a writer"):
        src.writer(spool=tmp_path / "text")
    with pytest.raises(bokeh_cloud.CloudError, match="cannot be used"):
        src.writer(spool=tmp_path / "missing" / "rows.spool")
    assert values_of(src) == [1]


def test_a_spool_of_a_deleted_source_belongs_to_the_new_one_of_its_name(
    server: bokeh_cloud.Server, src: RemoteDataSource, tmp_path: Path
) -> None:
    spool, name = tmp_path / "rows.spool", str(src.name)
    writer = src.writer(spool=spool, flush_interval=0)
    writer.stream(t=[NOW], y=[1])
    writer.flush()
    src.delete()
    writer.stream(t=[NOW], y=[2])
    with pytest.raises(bokeh_cloud.CloudError, match=f"If '{name}' was deleted, create it again"):
        writer.close()
    other = server.DataSource("not its name", dtypes=DTYPES)
    with pytest.raises(
        bokeh_cloud.CloudError, match=f"keeps rows of the data source '{name}'.* give up 1 rows"
    ):
        other.writer(spool=spool)
    again = server.DataSource(name, dtypes=DTYPES)
    with again.writer(spool=spool) as writer:
        writer.stream(t=[NOW], y=[3])
    assert values_of(again) == [2, 3]


def test_a_spool_of_a_source_that_exists_is_not_sent_to_another_one_of_its_name(
    server: bokeh_cloud.Server, src: RemoteDataSource, tmp_path: Path
) -> None:
    spool, account = tmp_path / "rows.spool", src._source_client.account
    kept = Spool(spool, SpoolSource(src.source_id, str(src.name), f"{account.url} {account.user_id}"), bool)
    kept.add(PackedRows(b"", 1, "{}"))
    kept.close()
    second = create_source(account, str(src.name), {"y": [1.0]})
    with pytest.raises(bokeh_cloud.CloudError, match=f"rows of the data source {src.source_id}"):
        second.writer(spool=spool)


def test_a_spool_is_empty_after_its_rows_are_stored(src: RemoteDataSource, tmp_path: Path) -> None:
    spool = tmp_path / "rows.spool"
    for start in (0, 10):
        with src.writer(spool=spool, batch_rows=3) as writer:
            for number in range(start, start + 10):
                writer.stream(t=[NOW], y=[number])
    assert values_of(src) == list(range(20))
    database = sqlite3.connect(spool)
    assert database.execute(
        "SELECT (SELECT count(*) FROM parts), (SELECT count(*) FROM batch)"
    ).fetchone() == (0, 0)
    database.close()
