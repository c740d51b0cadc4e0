"""How much memory JSON takes while it is parsed, estimated from its bytes at a small part of the cost."""

import re
from collections.abc import Iterable

from bokeh_common.errors import TooLarge

#: What values take in memory at most, in bytes, by the character that comes with each of them in JSON: an
#: element of a list, a list, an object, a member of an object, and half a string.
VALUE_BYTES = {b",": 40, b"[": 96, b"{": 184, b":": 110, b'"': 32}

#: Bytes that one body may take, with its text and its values.
MAX_BYTES = 192 << 20

_ESCAPED_SURROGATE = re.compile(rb"\\u[dD]")


class _MemoryEstimate:
    """The memory of a JSON body whose blocks are added one after the other.

    Characters in strings count like those of JSON. Python stores all characters of a string in as many
    bytes as the widest of them takes (PEP 393), so one character can make a string four times as large.
    """

    def __init__(self) -> None:
        self._size = self._characters = self._values = 0
        self._width = self._string_width = 1

    def add(self, block: bytes) -> None:
        text = block.decode(errors="ignore")
        self._size += len(block)
        self._characters += len(text)
        self._values += sum(size * block.count(character) for character, size in VALUE_BYTES.items())
        self._width = max(self._width, _width(text))
        self._string_width = max(self._string_width, self._width, _escaped_width(block))

    @property
    def total(self) -> int:
        """The maximum of what is in memory at a time.

        That is the text with its values, and either the body or the strings that are made of the text; or,
        if a string is not valid, that string, its representation and the message that contains it.
        """
        strings = self._characters * self._string_width
        parsed = self._values + self._characters * self._width + max(self._size, strings)
        return max(parsed, 3 * strings)

    @property
    def is_wide(self) -> bool:
        """Whether there are characters that Python stores in more than one byte."""
        return self._string_width > 1


def estimate_memory(blocks: Iterable[bytes]) -> int:
    """Return how many bytes JSON takes at most while it is parsed.

    Args:
        blocks: the JSON in UTF-8, in blocks of any size.

    Raises:
        TooLarge: it takes more than `MAX_BYTES`.
    """
    memory = _MemoryEstimate()
    for block in blocks:
        memory.add(block)
        if memory.total > MAX_BYTES:
            raise TooLarge(_explain(memory), limit=MAX_BYTES)
    return memory.total


def _width(text: str) -> int:
    """Return how many bytes Python stores each character of a string in."""
    if text.isascii() or len(text.encode("latin-1", "ignore")) == len(text):
        return 1
    return 2 if len(text.encode("utf-16-le")) == 2 * len(text) else 4


def _escaped_width(block: bytes) -> int:
    if b"\\u" not in block:
        return 1
    return 4 if _ESCAPED_SURROGATE.search(block) else 2


def _explain(memory: _MemoryEstimate) -> str:
    detail = "The JSON has too many values; send fewer at a time, or arrays in binary form (packed, Arrow)."
    if memory.is_wide:
        detail += " It has characters beyond Latin-1, for which all characters take more memory."
    return detail
