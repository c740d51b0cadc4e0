"""Lists as people read them: searched, sorted, and a page at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlencode

from bokeh_web.words import whole

PAGE_SIZE = 24

Item = dict[str, Any]


@dataclass(frozen=True)
class Sorting:
    """A way to sort: what it is called, by what, and whether the largest comes first."""

    label: str
    key: Callable[[Item], Any]
    descending: bool = False


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to see of a list.

    Attributes:
        q: a text to be found; empty for everything.
        sort: the name of a sorting.
        show: the value of `facet`; empty for all.
        page: from 1 on.
    """

    q: str = ""
    sort: str = ""
    show: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, Any], sortings: Mapping[str, Sorting]) -> "Wanted":
        """Read a query string; what makes no sense counts as not said."""
        texts = {name: value for name, value in query.items() if isinstance(value, str)}
        sort, page = texts.get("sort", ""), texts.get("page", "1")
        return cls(
            q=texts.get("q", "").strip()[:200],
            sort=sort if sort in sortings else next(iter(sortings)),
            show=texts.get("show", ""),
            page=whole(page) or 1,
        )

    @classmethod
    def before(cls, query: str, sortings: Mapping[str, Sorting]) -> "Wanted":
        """Read what a form carried along: the query string of the list that it stood on."""
        return cls.of({name: values[0] for name, values in parse_qs(query).items()}, sortings)

    @property
    def query(self) -> str:
        """The query string that asks for it."""
        return urlencode({name: value for name, value in vars(self).items() if value not in {"", 1}})

    def address(self, path: str, **changes: Any) -> str:
        """Return the address of the same list with changes, such as another page."""
        query = replace(self, **changes).query
        return f"{path}?{query}" if query else path


@dataclass(frozen=True)
class Page:
    """A page of a list: its items, how many there are on all pages, and how many pages."""

    items: list[Item]
    count: int
    pages: int
    number: int


def select(
    items: Sequence[Item],
    wanted: Wanted,
    sortings: Mapping[str, Sorting],
    text: Callable[[Item], str],
    facet: str,
) -> Page:
    """Return what is wanted of `items`.

    Args:
        items: all of them.
        wanted: see there.
        sortings: by their names.
        text: what is searched of an item, without regard to case; each word must be found.
        facet: the key that `wanted.show` is compared with.
    """
    words = wanted.q.casefold().split()
    found = [
        item
        for item in items
        if wanted.show in {"", str(item.get(facet))} and all(word in text(item).casefold() for word in words)
    ]
    sorting = sortings[wanted.sort]
    found.sort(key=sorting.key, reverse=sorting.descending)
    pages = max(1, -(-len(found) // PAGE_SIZE))
    number = min(wanted.page, pages)
    start = (number - 1) * PAGE_SIZE
    return Page(found[start : start + PAGE_SIZE], len(found), pages, number)
