"""The scanner of conditions: names, values, operators and words, in one pass over the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from bokeh_common.errors import Invalid

#: The maximum number of characters of a condition.
MAX_LENGTH = 60_000

#: How many characters before and after an error its message contains.
CONTEXT = 30

Kind = Literal["word", "name", "string", "operator", "punctuation", "end"]

#: One pass without backtracking: quantifiers are possessive, alternatives begin with different characters.
_TOKEN = re.compile(
    r"""\s*+(?:
      (?P<operator><=|>=|<>|!=|==|=|<|>)
    | (?P<punctuation>[(),])
    | "(?P<name>(?:[^"]|"")*+)"
    | '(?P<string>(?:[^']|'')*+)'
    | (?P<word>[^\s"'<>=!(),;`\[\]{}|&\\~^*?]++)
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)

#: Operators of Python, and the words of SQL for them.
_WRITTEN_AS = {"&": "and", "|": "or", "~": "not"}

_QUOTES = {"name": '"', "string": "'"}


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a condition.

    Attributes:
        kind: "name" is in double quotes, "string" in single ones; a "word" is in none.
        value: the text, without quotes.
        start: where it begins.
        end: where it ends.
    """

    kind: Kind
    value: str
    start: int
    end: int

    @property
    def keyword(self) -> str:
        """The word in lower case; empty for other tokens."""
        return self.value.lower() if self.kind == "word" else ""


def scan(text: str) -> Iterator[Token]:
    """Yield the tokens of a condition; the last one is the "end".

    Raises:
        Invalid: the text is too long, a quotation mark is missing, or a character has to be in quotes.
    """
    if len(text) > MAX_LENGTH:
        raise Invalid(f"A condition may have at most {MAX_LENGTH} characters; this one has {len(text)}.")
    end = 0
    while found := _TOKEN.match(text, end):
        token = _to_token(text, found)
        yield token
        end = token.end
        if token.kind == "end":
            return
    raise _character_error(text, end)


def marked_error(text: str, at: int, reason: str) -> Invalid:
    """Return an error with a reason, and the place in the text; its member `position` is the place, too."""
    before, after = text[max(at - CONTEXT, 0) : at], text[at : at + CONTEXT]
    start, end = "..." * (at > CONTEXT), "..." * (at + CONTEXT < len(text))
    marked = f"{start}{before}»{after}{end}"
    return Invalid(f"{reason} The place is marked by »: {marked}", position=at)


def _to_token(text: str, found: re.Match[str]) -> Token:
    kind: Any = found.lastgroup
    value, start, end = found[kind], found.start(kind), found.end()
    if quote := _QUOTES.get(kind):
        return Token(kind, value.replace(quote * 2, quote), start - 1, end)
    if value.startswith("--"):
        raise marked_error(text, start, "There are no comments; quote a value that begins with '--'.")
    return Token(kind, value, start, end)


def _character_error(text: str, at: int) -> Invalid:
    while text[at].isspace():
        at += 1
    if text[at] in "\"'":
        return marked_error(
            text, at, f"The quotation mark {text[at]} has no end; within quotes, write it twice."
        )
    if text[at] in _WRITTEN_AS:
        word = _WRITTEN_AS[text[at]]
        return marked_error(
            text, at, f"Write '{word}' instead of {text[at]!r}, which must be in quotes in values."
        )
    return marked_error(text, at, f"{text[at]!r} must be in quotes: values in single, names in double ones.")
