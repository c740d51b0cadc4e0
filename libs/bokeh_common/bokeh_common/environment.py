"""Reading settings from environment variables. An empty variable counts as one that is not set.

All functions raise `Invalid` for a value that is not valid; the message names the variable and says what is.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from bokeh_common.errors import Invalid

TRUE_VALUES = {"1", "true", "yes", "on"}
FALSE_VALUES = {"0", "false", "no", "off"}

#: The largest number accepted; as seconds or hours, more would overflow clocks and sockets.
MAX_NUMBER = 1_000_000_000

#: Schemes of the Redis used for rate limits and pub/sub; both redis-py and limits support them.
REDIS_SCHEMES = ("redis", "rediss")
HTTP_SCHEMES = ("http", "https")

#: The login at the Redis of this cloud, `redis://user:password@host:port`.
REDIS_LOGIN = "BOKEH_CLOUD_REDIS_LOGIN"
REDIS_PORT = 6379


def read_bool(environ: Mapping[str, str], name: str) -> bool:
    """Return whether a setting is switched on."""
    text = environ.get(name) or "0"
    if text.lower() not in TRUE_VALUES | FALSE_VALUES:
        raise Invalid(f"{name} must be 1 or 0, not {text!r}.")
    return text.lower() in TRUE_VALUES


def read_float(environ: Mapping[str, str], name: str, default: float, minimum: int = 0) -> float:
    """Return a number from `minimum` to `MAX_NUMBER`."""
    text = environ.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not minimum <= value <= MAX_NUMBER:  # false for NaN, too
        raise Invalid(f"{name} must be a number from {minimum} to {MAX_NUMBER}, not {text!r}.")
    return value


def read_int(environ: Mapping[str, str], name: str, default: int, minimum: int = 0) -> int:
    """Return an integer that is not less than `minimum`."""
    text = environ.get(name) or str(default)
    if not text.isdecimal() or int(text) < minimum:
        raise Invalid(f"{name} must be an integer of at least {minimum}, not {text!r}.")
    return int(text)


def read_url(environ: Mapping[str, str], name: str, schemes: Sequence[str]) -> str | None:
    """Return a URL with one of these schemes; None if the variable is not set."""
    text = environ.get(name) or None
    if text is not None:
        check_url(name, text, schemes)
    return text


def read_redis_url(environ: Mapping[str, str]) -> str | None:
    """Return the Redis of rate limits and revocations, with the login; None if the variable is not set."""
    url = read_url(environ, "BOKEH_CLOUD_REDIS_URL", REDIS_SCHEMES)
    return add_redis_login(environ, url) if url else None


def add_redis_login(environ: Mapping[str, str], url: str) -> str:
    """Add the login of this cloud's own Redis to a URL.

    A URL that names another server, or has credentials, is returned as it is: a password is sent to the
    server only that it was made for.
    """
    login = read_url(environ, REDIS_LOGIN, REDIS_SCHEMES)
    if login is None:
        return url
    known, parts = urlsplit(login), urlsplit(url)
    same = (known.hostname, known.port or REDIS_PORT) == (parts.hostname, parts.port or REDIS_PORT)
    if not same or "@" in parts.netloc:
        return url
    return parts._replace(netloc=f"{known.netloc.rpartition('@')[0]}@{parts.netloc}").geturl()


def check_url(name: str, text: str, schemes: Sequence[str]) -> None:
    """Raise `Invalid` unless a setting is a URL with one of these schemes and a host.

    The message does not repeat the URL, as it may contain a password.
    """
    try:
        parts = urlsplit(text)
        scheme, host, _ = parts.scheme, parts.hostname, parts.port
    except ValueError:  # unbalanced brackets, or an invalid port
        scheme, host = "", None
    if scheme not in schemes or not host:
        raise Invalid(f"{name} must begin with {' or '.join(f'{s}://' for s in schemes)}, and name a host.")
