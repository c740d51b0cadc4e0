"""Descriptions and tags of plots, which their owners write; they are plain text."""

import unicodedata

from bokeh_common import bidirectional
from bokeh_common.errors import Invalid

MAX_DESCRIPTION_LENGTH = 2000  # characters
MAX_TAG_LENGTH = 50  # characters
MAX_UNCOMPOSED_LENGTH = 4 * MAX_TAG_LENGTH  # characters, before accents are composed with letters
MAX_TAGS = 20

TAG_LENGTH = f"Each of 'tags' must be a string of 1 to {MAX_TAG_LENGTH} characters, not blank."


def check_description(text: str) -> str:
    """Return a description without blanks around it; raises `Invalid`, which says what is wrong."""
    text = text.strip()
    if len(text) > MAX_DESCRIPTION_LENGTH:
        raise Invalid(
            f"'description' must have at most {MAX_DESCRIPTION_LENGTH} characters, and has {len(text)}."
        )
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in text if char not in "\n\r\t"):
        raise Invalid("'description' must not have control characters, except line breaks and tabs.")
    return text


def check_tags(tags: list[str]) -> tuple[str, ...]:
    """Return tags without blanks around them, each once; raises `Invalid`, which says what is wrong."""
    # Putting many combining characters into order takes quadratic time.
    if any(len(tag) > MAX_UNCOMPOSED_LENGTH for tag in tags):
        raise Invalid(TAG_LENGTH)
    found = tuple(dict.fromkeys(unicodedata.normalize("NFC", tag.strip()) for tag in tags))
    if len(found) > MAX_TAGS:
        raise Invalid(f"'tags' must have at most {MAX_TAGS} items, and has {len(found)}.")
    for tag in found:
        if not 0 < len(tag) <= MAX_TAG_LENGTH:
            raise Invalid(TAG_LENGTH)
        if "," in tag or any(unicodedata.category(char) in ("Cc", "Cs") for char in tag):
            raise Invalid("'tags' must not have commas or control characters.")
        if bidirectional.has_controls(tag):
            raise Invalid(f"'tags' {bidirectional.EXPLANATION}.")
    return found
