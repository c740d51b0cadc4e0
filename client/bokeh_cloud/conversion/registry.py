"""The registry of converters: which function converts objects of which library.

A converter takes an object and returns what can be published instead: a Bokeh model, a list of models, a
`Document`, a `Converted`, or an object that another converter takes. It is found by the top-level package of
the object's class, or of one of its base classes. Other distributions add converters by entry points of the
group `bokeh_cloud.converters`, whose names are top-level packages:

    [project.entry-points."bokeh_cloud.converters"]
    mycharts = "mycharts.publishing:to_bokeh"

No library is imported to find a converter, since a library whose object was given is imported already.
"""

from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from bokeh_cloud.errors import NotPublishable

GROUP = "bokeh_cloud.converters"

Converter = Callable[[Any], Any]

_HERE = "bokeh_cloud.conversion"
BUILT_IN = {
    "chartify": f"{_HERE}.chartify:convert",
    "holoviews": f"{_HERE}.holoviews:convert",
    "hvplot": f"{_HERE}.panel:convert",
    "panel": f"{_HERE}.panel:convert",
}


def find_converter(obj: object) -> Converter | None:
    """Return the converter of an object, None if there is none.

    Raises:
        NotPublishable: a converter of another distribution cannot be imported.
    """
    for package in _packages(type(obj)):
        if (entry := _entries().get(package)) is not None:
            return _load(entry)
    return None


def _packages(cls: type) -> list[str]:
    """Return the top-level packages of a class and its base classes, in the order of inheritance."""
    return list(dict.fromkeys(base.__module__.partition(".")[0] for base in cls.__mro__))


@cache
def _entries() -> dict[str, EntryPoint]:
    """Return the entry points by package; those of other distributions go first."""
    built_in = {name: EntryPoint(name, value, GROUP) for name, value in BUILT_IN.items()}
    return {**built_in, **{entry.name: entry for entry in entry_points(group=GROUP)}}


def _load(entry: EntryPoint) -> Converter:
    try:
        converter: Converter = entry.load()
    except (ImportError, AttributeError) as error:
        raise NotPublishable(
            f"The converter {entry.value} for objects of {entry.name} cannot be imported: {error}."
        ) from error
    return converter
