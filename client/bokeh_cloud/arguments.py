"""Checks of arguments: a value of a wrong type is a `TypeError` that says what to give."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from bokeh_cloud.errors import InvalidArgument

_URL = '"https://plots.example.org"'
_KEY = '"bkp_..."'


def require_string(name: str, value: object, example: str) -> None:
    """Raise TypeError unless a value is a string; the example is one as Python writes it."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, such as {example}, not {_kind(value)}.")


def require_optional_string(name: str, value: object, example: str) -> None:
    """Raise TypeError unless a value is a string or None."""
    if value is not None:
        require_string(name, value, example)


def require_address(url: object, apikey: object) -> None:
    """Raise TypeError unless the arguments of `Server` and `Cloud` are strings or None."""
    require_optional_string("url", url, _URL)
    require_optional_string("apikey", apikey, _KEY)


def require_strings(name: str, values: Iterable[str], example: str) -> list[str]:
    """Return several strings as a list; raise TypeError for one string, whose items are characters."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list of strings, such as {example}, not {_kind(values)}.")
    found = list(values)
    for item in found:
        if not isinstance(item, str):
            raise TypeError(f"{name} must be strings, such as {example}; one of them is {_kind(item)}.")
    return found


def require_integer(name: str, value: object, example: str) -> None:
    """Raise TypeError unless a value is an integer of Python or NumPy."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, such as {example}, not {_kind(value)}.")


def require_count(name: str, value: object, example: str) -> None:
    """Raise TypeError unless a value is an integer, and InvalidArgument unless it is at least 1."""
    require_integer(name, value, example)
    if not isinstance(value, Integral) or value < 1:
        raise InvalidArgument(f"{name} must be at least 1, such as {example}, not {value}.")


def require_seconds(name: str, value: object, most: int) -> None:
    """Raise TypeError unless a value is a number, and InvalidArgument unless it is from 0 to `most`."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number of seconds, such as 1.0, not {_kind(value)}.")
    if not 0 <= float(value) <= most:
        raise InvalidArgument(f"{name} must be from 0 to {most} seconds, such as 1.0, not {value}.")


def require_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Raise TypeError unless a value is a string, and InvalidArgument unless it is one of the choices."""
    require_string(name, value, repr(choices[0]))
    if value not in choices:
        raise InvalidArgument(f"{name} must be {', '.join(choices[:-1])} or {choices[-1]}, not {value!r}.")


def require_boolean(name: str, value: object) -> None:
    """Raise TypeError unless a value is True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, not {_kind(value)}.")


def _kind(value: object) -> str:
    """Return the type of a value; the value itself may be a secret."""
    return "None" if value is None else type(value).__name__


class KnownAttributes:
    """A mixin that refuses to set attributes that do not exist, or that only the server can set.

    Otherwise a misspelled `plot.visiblity = "public"` would be accepted, and change nothing.
    """

    if not TYPE_CHECKING:  # type checkers know which attributes there are, unless this method exists

        def __setattr__(self, name: str, value: Any) -> None:
            if not name.startswith("_") and name not in (settable := _settable(type(self))):
                kind, similar = type(self).__name__, get_close_matches(name, settable, n=1)
                hint = f"Did you mean {similar[0]}?" if similar else f"{kind} has {_listed(settable)}."
                raise AttributeError(f"{kind}.{name} cannot be set. {hint}", name=name, obj=self)
            super().__setattr__(name, value)


def _settable(kind: type) -> list[str]:
    """Return the properties of a class that can be set."""
    return [name for name in dir(kind) if getattr(getattr(kind, name), "fset", None) is not None]


def _listed(settable: list[str]) -> str:
    return f"these to set: {', '.join(settable)}" if settable else "no attributes to set"
