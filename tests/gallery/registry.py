"""The registry of the gallery's figures."""

from collections.abc import Callable

import numpy as np
from bokeh.document import Document
from bokeh.model import Model

#: What a builder may return.
Built = Model | list[Model] | Document
Builder = Callable[[], Built]

#: The builders of all figures, by name; each call builds new models.
FIGURES: dict[str, Builder] = {}


def gallery(builder: Builder) -> Builder:
    """Register a builder under its own name."""
    name = getattr(builder, "__name__", "")
    if name in FIGURES:
        raise ValueError(f"two figures have the name {name}")
    FIGURES[name] = builder
    return builder


def as_document(built: Built) -> Document:
    """Return the result of a builder as a document."""
    if isinstance(built, Document):
        return built
    document = Document()
    for root in built if isinstance(built, list) else [built]:
        document.add_root(root)
    return document


def random(seed: int = 1) -> np.random.Generator:
    """Return a generator of the same random numbers at every call."""
    return np.random.default_rng(seed)
