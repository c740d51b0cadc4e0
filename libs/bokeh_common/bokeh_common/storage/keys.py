"""What all backends check in the same way: keys, pages, ranges, and what JSON can hold."""

import json
import re
import secrets
from collections.abc import Mapping

from bokeh_common.errors import Invalid, TooLarge
from bokeh_common.storage.base import JSON

MAX_KEY = 512  # characters
MAX_LIMIT = 10_000
MAX_VALUE_BYTES = 16 << 20
LAST = 0x10FFFF
SURROGATES = range(0xD800, 0xE000)


def check_namespace(namespace: str) -> str:
    """Return the namespace; `Invalid` unless it is fit for folders, Redis keys and Azure names alike."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", namespace):
        raise Invalid(
            f"The namespace {namespace!r} must be 1 to 40 of a to z, 0 to 9 and -, not beginning with -."
        )
    return namespace


def check_key(key: str) -> str:
    """Return the key; `Invalid` when it cannot be one."""
    if not 1 <= len(key) <= MAX_KEY:
        raise Invalid(f"A key must have 1 to {MAX_KEY} characters; this one has {len(key)}.")
    return check_text(key)


def check_text(text: str) -> str:
    """Return the text; `Invalid` when no key can have it in it."""
    if "\0" in text:
        raise Invalid(f"A key must not have a NUL in it: {text[:40]!r}.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid(f"A key must not have a lone surrogate in it: {text[:40]!r}.") from None
    return text


def check_page(prefix: str, after: str, limit: int) -> None:
    """Raise `Invalid` when there cannot be such a page."""
    check_text(prefix)
    check_text(after)
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid(f"The limit of a page must be 1 to {MAX_LIMIT}, not {limit}.")


def check_range(start: int, end: int | None) -> None:
    """Raise `Invalid` when there cannot be such a range of bytes."""
    if start < 0 or (end is not None and end < 0):
        raise Invalid(f"A range of bytes must not be negative: {start} to {end}.")


def beyond(prefix: str) -> str | None:
    """Return the least text that is greater than all that begin with `prefix`; None when there is none."""
    head = prefix.rstrip(chr(LAST))
    if not head:
        return None
    following = ord(head[-1]) + 1
    return head[:-1] + chr(SURROGATES.stop if following in SURROGATES else following)


def check_timeout(options: Mapping[str, str], otherwise: float) -> float:
    """Return the option ``timeout`` of a storage URL, in seconds; `Invalid`."""
    try:
        seconds = float(options.get("timeout", otherwise))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise Invalid(
            "The timeout of a storage URL must be a number of seconds, more than 0 and at most 3600."
        )
    return seconds


def dump(value: JSON) -> str:
    """Return a value as ASCII JSON, which also carries lone surrogates; `Invalid`, `TooLarge`."""
    try:
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise Invalid(f"The value of a record must be JSON: {error}.") from None
    if len(text) > MAX_VALUE_BYTES:
        raise TooLarge(
            f"A record holds {MAX_VALUE_BYTES >> 20} MiB of JSON; this value has {len(text)} bytes."
        )
    return text


def new_etag() -> str:
    """Return an etag that no other write ever gets.

    Made by the writer, not counted by the store: so a write that is repeated because the reply was lost
    recognises itself, and a record that is deleted and made again does not come back to an old etag.
    """
    return secrets.token_hex(16)
