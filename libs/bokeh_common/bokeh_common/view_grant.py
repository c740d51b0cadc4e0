"""What a view token grants access to: the part of a plot that a page shows while the token is valid."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ViewGrant:
    """The part of a plot that a view token grants access to, and on what it depends.

    Attributes:
        version: the version of the plot that the page shows; None for the newest at any time.
        pinned: whether the page shows this version only; otherwise it follows newer ones.
        live: the versions of live sources that the page shows, by the ids of the sources. Newer ones are
            granted, too; of other live sources, the newest version only.
        needs_open: whether the grant ends when the plot is made private.
        needs_history: whether the grant ends when old versions are no longer shown to others.
    """

    version: int | None = None
    pinned: bool = False
    live: Mapping[str, int] = field(default_factory=dict, hash=False)
    needs_open: bool = False
    needs_history: bool = False


#: The grant of tokens that do not say what they grant: the newest version at any time.
NEWEST_VERSION = ViewGrant()
