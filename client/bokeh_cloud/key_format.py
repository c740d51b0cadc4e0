"""The form of API keys, so that a key is never taken for something else, and never shown."""

import re

#: A key has a prefix and 38 characters. One that was not copied completely is recognised, too.
_KEY = re.compile(r"\bbk[a-z]_[0-9A-Za-z]{16,}")
_PREFIX_LENGTH = 4


def is_api_key(text: str) -> bool:
    """Return whether a text has the form of an API key, or of another secret of Bokeh Cloud."""
    return _KEY.fullmatch(text.strip()) is not None


def hide_keys(text: str) -> str:
    """Return a text in which of each key only the prefix is left."""
    return _KEY.sub(lambda found: f"{found[0][:_PREFIX_LENGTH]}...", text)
