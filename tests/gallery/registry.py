"""Where the figures of the gallery are known by name, and what a builder may return."""

from collections.abc import Callable

import numpy as np
from bokeh.document import Document
from bokeh.model import Model

Built = Model | list[Model] | Document
Builder = Callable[[], Built]

#: Every figure of the gallery: its name, and the function that builds it anew at each call.
FIGURES: dict[str, Builder] = {}


def gallery(builder: Builder) -> Builder:
    """Enter a builder into the gallery under its own name."""
    name = getattr(builder, "__name__", "")
    if name in FIGURES:
        raise ValueError(f"two figures are called {name}")
    FIGURES[name] = builder
    return builder


def as_document(built: Built) -> Document:
    """Return what a builder made as a document of its own."""
    if isinstance(built, Document):
        return built
    document = Document()
    for root in built if isinstance(built, list) else [built]:
        document.add_root(root)
    return document


def random(seed: int = 1) -> np.random.Generator:
    """Return the same random numbers every time."""
    return np.random.default_rng(seed)
