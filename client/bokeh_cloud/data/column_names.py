"""Names of columns in queries: in lists, and in another Unicode normal form than the stored names."""

import unicodedata
from collections.abc import Collection, Iterable

from bokeh_cloud.errors import CloudError


def quote_name(name: str) -> str:
    """Return a name as lists take it: in double quotes if it is empty, has a comma, or begins with one."""
    return '"' + name.replace('"', '""') + '"' if not name or "," in name or name[0] == '"' else name


def split_names(text: str) -> list[str]:
    """Return the names of a list that is separated by commas; names with commas are in double quotes.

    Raises:
        CloudError: a quotation mark has no end, or is not followed by a comma.
    """
    names, at = [], 0
    while at < len(text):
        is_quoted = text[at] == '"'
        name, at = _quoted_name(text, at) if is_quoted else _plain_name(text, at)
        names += [name] if name or is_quoted else []
        at += 1
    return names


def find_name(name: str, names: Collection[str]) -> str | None:
    """Return a name as it is stored; None if there is no such name.

    A name that is not stored stands for the only one that is canonically equivalent (NFC), or else compatible
    (NFKC, in which Python has its keywords).
    """
    if name in names:
        return name
    same = [one for one in names if unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", name)]
    same = same or [
        one for one in names if unicodedata.normalize("NFKC", one) == unicodedata.normalize("NFKC", name)
    ]
    return same[0] if len(same) == 1 else None


def explain_columns(given: Iterable[str], known: Collection[str]) -> str:
    """Return which names of columns of rows are wrong, and which are missing, as a sentence."""
    found = {name: find_name(name, known) for name in given}
    unknown = [name for name, stored in found.items() if stored is None]
    missing = [name for name in known if name not in found.values()]
    twice = [name for name, stored in found.items() if stored and list(found.values()).count(stored) > 1]
    parts = []
    if unknown:
        parts.append(f"there is no column {', '.join(map(repr, unknown))}")
    if missing:
        parts.append(f"rows for {', '.join(map(repr, missing))} are missing")
    if twice:
        parts.append(f"{' and '.join(map(repr, twice))} are the same column")
    names = ", ".join(map(repr, known))
    return f"Give rows for each of the columns {names}, and no others: {'; '.join(parts)}."


def _plain_name(text: str, start: int) -> tuple[str, int]:
    """Return the name that begins at `start`, and where the comma after it or the end is."""
    end = text.find(",", start)
    end = len(text) if end < 0 else end
    return text[start:end], end


def _quoted_name(text: str, start: int) -> tuple[str, int]:
    end = start + 1
    while (end := text.find('"', end)) >= 0 and text[end + 1 : end + 2] == '"':
        end += 2
    if end < 0 or text[end + 1 : end + 2] not in ("", ","):
        raise CloudError(
            f"{text[start : start + 80]!r}: a comma is expected after a name in double quotes; double "
            "quotes in it are written twice."
        )
    return text[start + 1 : end].replace('""', '"'), end + 1
