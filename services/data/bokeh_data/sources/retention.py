"""Which old versions of a live source are kept."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RetentionPolicy:
    """Which old versions are kept, besides the current one and those that a plot shows.

    Attributes:
        versions: how many of the newest versions are kept.
        days: versions that were replaced longer ago are not kept; None for no limit.
    """

    versions: int = 100
    days: float | None = None

    @property
    def record(self) -> dict[str, Any]:
        """The stored form."""
        return asdict(self)
