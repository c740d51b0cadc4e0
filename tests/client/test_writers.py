"""Writers of rows: batches, what is refused, and full buffers."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests
from bokeh.plotting import figure

import bokeh_cloud
from bokeh_cloud.data.sources import RemoteDataSource
from tests.support.forked_python import run_python

DTYPES = {"t": "datetime64[us]", "y": float}
NOW = datetime(2027, 1, 1, 12, 0, 0, 123456)


@pytest.fixture
def src(server: bokeh_cloud.Server, request: pytest.FixtureRequest) -> RemoteDataSource:
    return server.DataSource(request.node.name, dtypes=DTYPES)


@pytest.fixture
def appends(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the idempotency keys of requests that append rows, to which each request is added."""
    keys: list[str] = []
    send = requests.Session.send

    def record(self: requests.Session, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        if str(request.url).endswith("/rows"):
            keys.append(request.headers["Idempotency-Key"])
        return send(self, request, **how)

    monkeypatch.setattr(requests.Session, "send", record)
    return keys


def values_of(source: RemoteDataSource, column: str = "y") -> list[Any]:
    values: list[Any] = source.refresh().rows(column)[column].tolist()
    return values


def test_ten_rows_a_second_are_a_request_a_second(src: RemoteDataSource, appends: list[str]) -> None:
    with src.writer() as writer:
        for number in range(30):
            writer.stream(t=[NOW], y=[number])
            time.sleep(0.1)
    assert values_of(src) == list(range(30))
    assert len(appends) <= 5
    assert [key.split("/")[2] for key in appends] == [str(number + 1) for number in range(len(appends))]
    assert len({key.split("/")[1] for key in appends}) == 1


def test_a_full_batch_is_sent_at_once(src: RemoteDataSource, appends: list[str]) -> None:
    with src.writer(flush_interval=3600, batch_rows=10) as writer:
        for number in range(25):
            writer.stream(t=[NOW], y=[number])
        while writer.pending > 5:
            time.sleep(0.01)
        assert len(appends) == 2
        writer.flush()
        assert (len(appends), writer.pending) == (3, 0)
    assert values_of(src) == list(range(25))


def test_the_source_has_the_new_version_when_the_writer_is_closed(src: RemoteDataSource) -> None:
    with src.writer() as writer:
        writer.stream({"t": [NOW], "y": [1]})
        writer.stream(pd.DataFrame({"t": [NOW], "y": [2]}))
        writer.stream(pd.Series({"t": NOW, "y": 3.0}))
    assert src.version == 2
    assert src.to_pandas()["y"].tolist() == [1, 2, 3]
    src.stream(t=[NOW], y=[4])
    assert values_of(src) == [1, 2, 3, 4]


@pytest.mark.parametrize("how", ["stream", "writer"])
def test_no_rows_are_no_version(src: RemoteDataSource, appends: list[str], how: str) -> None:
    if how == "stream":
        src.stream(t=[], y=[])
    else:
        with src.writer() as writer:
            writer.stream(t=[], y=[])
        assert not appends
    assert src.refresh().version == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"t": [NOW]}, "rows for each of the columns 't', 'y'"),
        ({"t": [NOW], "y": [1], "z": [1]}, "and no others"),
        ({"t": [NOW], "y": [1, 2]}, "the same number of rows"),
        ({"t": [NOW], "y": 1}, r"for one row write \[value\]"),
        ({"t": [NOW], "y": ["1"]}, "'y' holds numbers; these are strings"),
        ({"t": [1], "y": [1]}, "'t' holds times without a time zone; these are numbers"),
        ({"t": [NOW.replace(tzinfo=UTC)], "y": [1]}, r"write time.replace\(tzinfo=None\)"),
        ({"t": [NOW], "y": [[1, 2]]}, "shape"),
    ],
)
def test_rows_that_do_not_fit_are_refused_by_the_call(
    src: RemoteDataSource, rows: dict[str, Any], message: str
) -> None:
    src.stream(t=[NOW], y=[0])
    with src.writer() as writer:
        with pytest.raises(bokeh_cloud.CloudError, match=message):
            writer.stream(**rows)
        writer.stream(t=[NOW], y=[1])
    assert values_of(src) == [0, 1]


def test_a_full_buffer_is_an_error_and_loses_no_row_before_it(src: RemoteDataSource) -> None:
    with src.writer(flush_interval=3600, max_rows=3) as writer:
        for number in range(3):
            writer.stream(t=[NOW], y=[number])
        with pytest.raises(bokeh_cloud.BufferFull, match=r"3 rows are waiting, .* 1 rows were not accepted"):
            writer.stream(t=[NOW], y=[99])
        writer.flush()
        writer.stream(t=[NOW], y=[3])
    assert values_of(src) == [0, 1, 2, 3]


def test_rows_of_many_bytes_are_several_batches(server: bokeh_cloud.Server, appends: list[str]) -> None:
    source = server.DataSource("many bytes", y=np.zeros((0, 250_000)))
    row = np.arange(250_000.0).reshape(1, -1)
    with source.writer(flush_interval=3600) as writer:
        for number in range(10):
            writer.stream(y=row + number)
        with pytest.raises(bokeh_cloud.CloudError, match="These 20 rows have 38 MiB; a call takes up to 32"):
            writer.stream(y=np.repeat(row, 20, axis=0))
    assert source.rows("y")["y"][:, 0].tolist() == list(range(10))
    assert len(appends) == 3


def test_rollover(src: RemoteDataSource) -> None:
    with src.writer(rollover=4, batch_rows=3) as writer:
        for number in range(10):
            writer.stream(t=[NOW], y=[number])
    assert values_of(src) == [6, 7, 8, 9]


def test_an_exception_of_the_block_is_raised_and_its_rows_are_stored(src: RemoteDataSource) -> None:
    with pytest.raises(ZeroDivisionError), src.writer() as writer:  # noqa: PT012 - the block is tested
        writer.stream(t=[NOW], y=[1])
        raise ZeroDivisionError
    assert values_of(src) == [1]
    with pytest.raises(bokeh_cloud.CloudError, match="is closed"):
        writer.stream(t=[NOW], y=[2])
    writer.close()


def test_columns_without_a_type_take_floats_after_integers(server: bokeh_cloud.Server) -> None:
    source = server.DataSource("untyped", t=[], y=[])
    with source.writer() as writer:
        writer.stream(t=[NOW], y=[20])
        writer.flush()
        writer.stream(t=[NOW], y=[20.5])
    assert values_of(source) == [20, 20.5]
    assert source.columns()["t"].dtype == "datetime64[us]"


def test_values_of_all_kinds_are_those_that_stream_stores(server: bokeh_cloud.Server) -> None:
    rows: list[dict[str, Any]] = [
        {
            "s": ["a", None],
            "b": [True, False],
            "z": [NOW.replace(tzinfo=UTC)] * 2,
            "d": [date(2027, 1, 1)] * 2,
        },
        {"s": ["ä"], "b": [True], "z": [NOW.astimezone()], "d": [date(2027, 1, 2)]},
        {"s": [None], "b": np.array([True]), "z": pd.to_datetime([NOW], utc=True), "d": [date(2027, 1, 3)]},
    ]
    more: dict[str, list[Any]] = {"e": [timedelta(1)], "i": [2**53 + 1], "m": [[1.0, 2.0]], "n": [None]}
    rows = [{**row, **{name: values * len(row["s"]) for name, values in more.items()}} for row in rows]
    one, other = server.DataSource("kinds streamed", rows[0]), server.DataSource("kinds written", rows[0])
    with other.writer() as writer:
        for row in rows[1:]:
            one.stream(row)
            writer.stream(row)
    assert {name: column.dtype for name, column in one.columns().items()} == {
        name: column.dtype for name, column in other.columns().items()
    }
    pd.testing.assert_frame_equal(one.refresh().to_pandas(), other.refresh().to_pandas())


def test_values_of_changing_types_stay_in_order(server: bokeh_cloud.Server, appends: list[str]) -> None:
    source = server.DataSource("changing", y=[])
    with source.writer(flush_interval=3600) as writer:
        for values in ([None], [1], [2.5], [3], [None]):
            writer.stream(y=values)
    found = source.refresh().to_pandas()["y"].tolist()
    assert [None if pd.isna(value) else value for value in found] == [None, 1, 2.5, 3, None]
    assert len(appends) == 3


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"flush_interval": -1}, bokeh_cloud.InvalidArgument),
        ({"batch_rows": 0}, bokeh_cloud.InvalidArgument),
        ({"max_rows": 1.5}, TypeError),
    ],
)
def test_invalid_options(src: RemoteDataSource, options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=next(iter(options))):
        src.writer(**options)


def test_sources_that_cannot_be_changed_have_no_writer(
    server: bokeh_cloud.Server, src: RemoteDataSource
) -> None:
    fig = figure()
    fig.line([1, 2], [3, 4])
    server.publish(fig, "frozen for writers")
    frozen = next(source for source in server.data() if not source.live)
    with pytest.raises(bokeh_cloud.CloudError, match="cannot be changed"):
        frozen.writer()
    src.add(z=[])
    with pytest.raises(bokeh_cloud.CloudError, match="commit"):
        src.writer()


def test_a_rejection_ends_the_writer(
    server: bokeh_cloud.Server, src: RemoteDataSource, caplog: pytest.LogCaptureFixture
) -> None:
    writer = src.writer()
    server.source(src.name or "").replace({"other": [1]})
    writer.stream(t=[NOW], y=[1])
    calls: list[Callable[[], None]] = [writer.flush, lambda: writer.stream(t=[NOW], y=[2]), writer.close]
    for call in calls:
        with pytest.raises(bokeh_cloud.CloudError, match=r"rejected 1 of 1 rows.* not stored.*'other'"):
            call()
    assert "rejected 1 of 1 rows" in caplog.text


def test_a_program_that_ends_without_closing_it_stores_its_rows(
    src: RemoteDataSource, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import bokeh_cloud\n"
        f"source = bokeh_cloud.Server().source({src.source_id!r})\n"
        "writer = source.writer(flush_interval=3600)\n"
        "writer.stream(t=source.rows('t')['t'][:0], y=[])\n"
        f"writer.stream(t=[__import__('datetime').datetime.now()], y=[7])\n"
    )
    done = run_python(str(program))
    assert (done.returncode, done.stderr) == (0, "")
    assert values_of(src) == [7]
