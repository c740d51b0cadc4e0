"""Log lines of services that run by themselves: JSON for programs, or text for people (`BOKEH_CLOUD_LOG`)."""

import json
import logging
import sys
from datetime import UTC, datetime

from bokeh_common.errors import Invalid

FORMATS = ("json", "text")


class JsonLines(logging.Formatter):
    """One JSON object on a line: time, level, logger, message, what `fields` says, and the error."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a line."""
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


def formatter(kind: str) -> logging.Formatter:
    """Return the formatter of a kind of log, "json" or "text".

    Raises:
        Invalid: there is no such kind.
    """
    if kind not in FORMATS:
        raise Invalid(f"BOKEH_CLOUD_LOG must be one of {', '.join(FORMATS)}, not {kind!r}.")
    return JsonLines() if kind == "json" else logging.Formatter("%(levelname)s %(name)s %(message)s")


def set_up(kind: str) -> None:
    """Send the log of this process to standard error, with a line for each request; raises as `formatter`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(kind))
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
    for one in logging.getLogger("gunicorn.error").handlers:
        one.setFormatter(handler.formatter)
