"""What is published: a registry of builders of objects, filled by the modules of this folder."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Builder = Callable[[], Any]


@dataclass(frozen=True)
class Subject:
    """An object to publish.

    Attributes:
        library: that makes it.
        name: of the object, unique in the library.
        build: returns a new object each time it is called.
        repeats: whether the objects look the same each time.
        becomes_idle: whether BokehJS says when its document is drawn.
    """

    library: str
    name: str
    build: Builder
    repeats: bool = True
    becomes_idle: bool = True

    def __str__(self) -> str:
        return f"{self.library} {self.name}"


SUBJECTS: list[Subject] = []


def subject(library: str, *, repeats: bool = True, becomes_idle: bool = True) -> Callable[[Builder], Builder]:
    """Register a builder, named after the function."""

    def register(build: Builder) -> Builder:
        name = build.__name__.replace("_", " ")
        SUBJECTS.append(Subject(library, name, build, repeats, becomes_idle))
        return build

    return register
