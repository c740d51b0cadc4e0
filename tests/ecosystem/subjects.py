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
    """

    library: str
    name: str
    build: Builder

    def __str__(self) -> str:
        return f"{self.library} {self.name}"


SUBJECTS: list[Subject] = []


def subject(library: str) -> Callable[[Builder], Builder]:
    """Register a builder, named after the function."""

    def register(build: Builder) -> Builder:
        SUBJECTS.append(Subject(library, build.__name__.replace("_", " ").strip(), build))
        return build

    return register
