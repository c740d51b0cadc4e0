"""Logging of a service process: as JSON for programs, or as text for people (`BOKEH_CLOUD_LOG`)."""

import json
import logging
import sys
from datetime import UTC, datetime

from bokeh_common.errors import Invalid
from bokeh_common.redaction import RedactingFormatter, redact_logs

FORMATS = ("json", "text")


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON: time, level, logger, message, its `fields`, and the error."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """Formats a record as a line to read: time, level, logger, message, duration and id of the request."""

    def __init__(self) -> None:
        super().__init__("%(utc)s %(levelname)s %(name)s %(message)s%(facts)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = getattr(record, "fields", {})
        duration = f" {fields['seconds'] * 1000:.1f} ms" if "seconds" in fields else ""
        request = f" request {fields['request_id']}" if fields.get("request_id") else ""
        record.utc = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        record.facts = duration + request
        return super().format(record)


def create_formatter(kind: str) -> logging.Formatter:
    """Return the formatter of a log format, "json" or "text".

    Raises:
        Invalid: the format does not exist.
    """
    if kind not in FORMATS:
        raise Invalid(f"BOKEH_CLOUD_LOG must be one of {', '.join(FORMATS)}, not {kind!r}.")
    return RedactingFormatter(JsonFormatter() if kind == "json" else TextFormatter())


def configure_logging(kind: str) -> None:
    """Log to standard error, with a line for each request; raises as `create_formatter`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(create_formatter(kind))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in (
        "bokeh_cloud",
        "bokeh_auth",
        "bokeh_common",
        "bokeh_data",
        "bokeh_gc",
        "bokeh_plots",
        "bokeh_web",
    ):
        logging.getLogger(name).setLevel(logging.INFO)
    for name in ("gunicorn.error", "gunicorn.access"):
        for existing in logging.getLogger(name).handlers:
            existing.setFormatter(handler.formatter)
    redact_logs()
