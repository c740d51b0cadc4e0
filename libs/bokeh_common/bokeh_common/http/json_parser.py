"""A strict parser of JSON, without anything of HTTP, so that sandbox processes start with little."""

import json
import re
from typing import Any

import msgspec

from bokeh_common.errors import Invalid
from bokeh_common.http.json_memory import estimate_memory

#: Matches all numbers that may exceed the largest double, 1.8e308: with 210 digits, e99 is enough.
#: Only the start of a number is looked at, so that each digit is read once.
_LARGE_NUMBER = re.compile(rb"\d[eE]\+?\d{3}|(?<!\d)\d{200}")


def parse_json(body: bytes) -> Any:
    """Parse JSON strictly (RFC 8259).

    Raises:
        Invalid: it is not JSON; the message says where the error is.
        TooLarge: it would take much memory, which is estimated before it is parsed.
    """
    estimate_memory([body])
    return parse_within_memory(body)


def parse_within_memory(body: bytes) -> Any:
    """Parse JSON as `parse_json` does, without an estimate of the memory that it takes."""
    may_have_surrogates = b"\\ud" in body or b"\\uD" in body
    may_be_infinite = _LARGE_NUMBER.search(body) is not None
    try:
        # Decoded here, as `json.loads` would accept UTF-16 and encoded surrogates; RFC 8259 requires UTF-8.
        text = body.decode("utf-8-sig")
        del body  # which takes memory, unless the caller holds it
        value = json.loads(text, parse_constant=_refuse_constant)
        del text
        if may_have_surrogates:
            msgspec.json.encode(value)  # uses less memory than `json.dumps`
        if may_be_infinite:
            json.dumps(value, allow_nan=False)
    except RecursionError:
        raise Invalid("The JSON is nested too deeply.", slug="not-json") from None
    except ValueError as error:
        raise Invalid(f"The body is not JSON: {error}.", slug="not-json") from None
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not allowed in JSON")
