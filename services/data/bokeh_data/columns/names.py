"""Names of columns: lists of them in queries, in another Unicode normal form, and in error messages."""

import unicodedata
from collections.abc import Callable, Collection, Iterable
from functools import partial

from bokeh_common.errors import Invalid

#: Longer names are compared as they are: normalization takes a time that grows with the square of the length.
MAX_NORMALIZED = 200

MAX_SHOWN = 80  # characters of a name or another value in a message


def abbreviate(value: object) -> str:
    """Return the representation of a name or another value for a message, shortened to `MAX_SHOWN`."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."


def split_names(text: str) -> list[str]:
    """Return the names of a list that is separated by commas.

    A name that contains a comma or begins with a double quote is in double quotes, in which a double quote is
    written twice. Empty names without quotes are left out.

    Raises:
        Invalid: a quotation mark has no end, or is not followed by a comma.
    """
    names, at = [], 0
    while at < len(text):
        if text[at] == '"':
            name, at = _quoted_name(text, at)
            names.append(name)
        else:
            end = text.find(",", at)
            end = len(text) if end < 0 else end
            names += [text[at:end]] if end > at else []
            at = end
        at += 1
    return names


def resolve_names(names: Iterable[str], known: Collection[str]) -> list[str]:
    """Return names as the source has them, in which the same characters may be composed in another way.

    A name that the source does not have is replaced by the only one that is canonically equivalent (NFC), or
    else compatible (NFKC, in which Python has its keywords); other names are returned as they are.
    """
    names = list(names)
    found: dict[str, str] = {}
    for normalize in (partial(unicodedata.normalize, "NFC"), partial(unicodedata.normalize, "NFKC")):
        if missing := {name for name in names if len(name) <= MAX_NORMALIZED} - set(known) - found.keys():
            found |= _find_equivalent(missing, known, normalize)
    return [found.get(name, name) for name in names]


def explain_names(given: Iterable[str], known: Collection[str]) -> str:
    """Return which names of the columns of rows are wrong, and which are missing."""
    unknown = ", ".join(abbreviate(name) for name in given if name not in known)
    missing = ", ".join(abbreviate(name) for name in known if name not in given)
    parts = [f"there is no column {unknown}"] * bool(unknown) + [f"{missing} is missing"] * bool(missing)
    names = ", ".join(map(repr, known))
    problem = f": {'; '.join(parts)}" if parts else ""
    return f"Send rows for each of the columns {names}, and no others{problem}."


def _quoted_name(text: str, start: int) -> tuple[str, int]:
    """Return the name in quotes that begins at `start`, and where the comma after it or the end is."""
    end = start + 1
    while (end := text.find('"', end)) >= 0 and text[end + 1 : end + 2] == '"':
        end += 2
    if end < 0 or text[end + 1 : end + 2] not in ("", ","):
        raise Invalid(
            f"After the name at character {start + 1} of {abbreviate(text)}, a double quote and a comma are "
            "expected; double quotes in names in quotes are written twice."
        )
    return text[start + 1 : end].replace('""', '"'), end + 1


def _find_equivalent(
    names: Iterable[str], known: Iterable[str], normalize: Callable[[str], str]
) -> dict[str, str]:
    """Return the only known name that has the same normal form, for each name of which there is one."""
    equivalent: dict[str, list[str]] = {}
    for name in known:
        if len(name) <= MAX_NORMALIZED:
            equivalent.setdefault(normalize(name), []).append(name)
    found = ((name, equivalent.get(normalize(name), [])) for name in names)
    return {name: same[0] for name, same in found if len(same) == 1}
