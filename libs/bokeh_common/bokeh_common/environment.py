"""How settings are read from environment variables. One that is empty is one that is not set.

What makes no sense is `Invalid`, with the variable's name, what it is, and what it may be.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from bokeh_common.errors import Invalid

YES = {"1", "true", "yes", "on"}
NO = {"0", "false", "no", "off"}

#: The largest number: seconds and hours beyond it are more than clocks and sockets take.
MOST = 1_000_000_000

#: How a Redis is named that counts and tells news; what both of redis-py and limits understand.
REDIS = ("redis", "rediss")
WEB = ("http", "https")


def flag(environ: Mapping[str, str], name: str) -> bool:
    """Whether a setting is switched on; raises `Invalid`."""
    text = environ.get(name) or "0"
    if text.lower() not in YES | NO:
        raise Invalid(f"{name} must be 1 or 0, not {text!r}.")
    return text.lower() in YES


def number(environ: Mapping[str, str], name: str, default: float, least: int = 0) -> float:
    """Return a number that is not less than `least`; raises `Invalid`."""
    text = environ.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not least <= value <= MOST:  # so NaN is none, either
        raise Invalid(f"{name} must be a number from {least} to {MOST}, not {text!r}.")
    return value


def whole(environ: Mapping[str, str], name: str, default: int, least: int = 0) -> int:
    """Return a whole number that is not less than `least`; raises `Invalid`."""
    text = environ.get(name) or str(default)
    if not text.isdecimal() or int(text) < least:
        raise Invalid(f"{name} must be a whole number from {least} on, not {text!r}.")
    return int(text)


def address(environ: Mapping[str, str], name: str, schemes: Sequence[str]) -> str | None:
    """Return a URL, or None; raises as `check_address`."""
    text = environ.get(name) or None
    if text is not None:
        check_address(name, text, schemes)
    return text


def check_address(name: str, text: str, schemes: Sequence[str]) -> None:
    """Refuse what is no URL of these; `Invalid`, which does not repeat it: there may be a password in it."""
    try:
        parts = urlsplit(text)
        scheme, host, _ = parts.scheme, parts.hostname, parts.port
    except ValueError:  # brackets that do not close, or a port that is no number
        scheme, host = "", None
    if scheme not in schemes or not host:
        raise Invalid(f"{name} must begin with {' or '.join(f'{s}://' for s in schemes)}, and name a host.")
