"""Redaction of logs: nothing that begins like a secret of this cloud is printed, in any encoding.

Logs name routes rather than paths and no headers, so there should be none. But exceptions quote values, and
others write logs, too: gunicorn, libraries, the interpreter.
"""

import logging
import re
import sys
import threading
from types import TracebackType

REDACTED = "REDACTED"


def _character(pattern: str, codes: str) -> str:
    """Return the pattern of a character: as it is, percent-encoded any number of times, or escaped."""
    # Backslashes are matched from the first one of a run, since starting at each of them is quadratic.
    return rf"(?:{pattern}|%(?:25)*{codes}|(?<!\\)\\++(?:x|u00){codes}|&#x0*{codes};)"


_HEX = "[0-9A-Fa-f]"

#: `bk`, a letter and `_`, followed by at least eight characters.
_SECRET = re.compile(
    rf"({_character('[Bb]', '[46]2')}{_character('[Kk]', '[46][Bb]')}"
    rf"{_character('[A-Za-z]', f'[4-7]{_HEX}')}{_character('_', '5[Ff]')})"
    rf"{_character('[A-Za-z0-9_.-]', f'[2-7]{_HEX}')}{{8,}}"
)


def redact(text: str) -> str:
    """Return text in which secrets are replaced by their kind, such as `bkp_REDACTED`."""
    return _SECRET.sub(rf"\1{REDACTED}", text)


class RedactingFormatter(logging.Formatter):
    """Formats a record by another formatter, and redacts the result, with its traceback."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self._formatter = formatter

    def format(self, record: logging.LogRecord) -> str:
        """Return the redacted line."""
        return redact(self._formatter.format(record))


def redact_logs() -> None:
    """Redact what all loggers of this process print, and uncaught exceptions."""
    found = [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]
    handlers = {handler for logger in found for handler in logger.handlers}
    if logging.lastResort is not None:
        handlers.add(logging.lastResort)
    for handler in handlers:
        if not isinstance(handler.formatter, RedactingFormatter):
            handler.setFormatter(RedactingFormatter(handler.formatter or logging.Formatter()))
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    if error is None or issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger("bokeh_cloud").error("An error was not handled", exc_info=(kind, error, traceback))
