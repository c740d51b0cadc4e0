"""The result of a conversion."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Converted:
    """What is published instead of an object.

    Attributes:
        obj: a model, a list of models, or a Document.
        losses: what the published plot will not do, as sentences.
    """

    obj: Any
    losses: tuple[str, ...] = ()
