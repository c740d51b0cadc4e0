"""Log lines as text."""

import logging

from bokeh_common.logs import create_formatter


def test_text_has_time_duration_and_request() -> None:
    record = logging.LogRecord("bokeh_cloud.access", logging.INFO, "", 0, "GET /%s 200", ("x",), None)
    record.created = 1_700_000_000.25
    record.fields = {"seconds": 0.0123, "request_id": "abc"}
    line = "2023-11-14T22:13:20.250+00:00 INFO bokeh_cloud.access GET /x 200 12.3 ms request abc"
    assert create_formatter("text").format(record) == line


def test_text_without_a_request() -> None:
    record = logging.LogRecord("bokeh_cloud", logging.WARNING, "", 0, "stopped", (), None)
    assert create_formatter("text").format(record).endswith("WARNING bokeh_cloud stopped")
