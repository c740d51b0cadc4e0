"""Lists on pages: searching, sorting, and cutting into pages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from msgspec import Meta

from bokeh_common.http.server.thread_pools import compute
from bokeh_web.pages.jinja_filters import parse_positive_integer

PAGE_SIZE = 24
MAX_SEARCH_LENGTH = 200  # characters

#: To search and sort an item takes about as long as to process so many bytes of JSON.
SELECT_COST = 32

Item = dict[str, Any]


@dataclass(frozen=True)
class SortOrder:
    """A sort order: its label, the sort key, and whether the largest item comes first."""

    label: str
    key: Callable[[Item], Any]
    descending: bool = False


#: A value, which is ignored if it makes no sense.
ListParameter = Annotated[str, Meta(max_length=10_000)]


class ListQuery(msgspec.Struct):
    """The query parameters of a list. Values that make no sense are ignored, so `page` is a string."""

    q: ListParameter = ""
    sort: ListParameter = ""
    show: ListParameter = ""
    page: ListParameter = "1"


@dataclass(frozen=True)
class Listing:
    """Which items of a list are shown, and in which order.

    Attributes:
        q: the search text; empty for all items.
        sort: the name of a sort order.
        show: the value of the facet; empty for all.
        page: the page number, from 1.
    """

    q: str = ""
    sort: str = ""
    show: str = ""
    page: int = 1

    @classmethod
    def from_query(cls, query: ListQuery, orders: Mapping[str, SortOrder]) -> "Listing":
        """Interpret query parameters; the first of `orders` is the default."""
        return cls(
            q=query.q.strip()[:MAX_SEARCH_LENGTH],
            sort=query.sort if query.sort in orders else next(iter(orders)),
            show=query.show,
            page=parse_positive_integer(query.page) or 1,
        )

    @classmethod
    def from_query_string(cls, text: str, orders: Mapping[str, SortOrder]) -> "Listing":
        """Interpret a query string that a form has kept, as made by `query_string`."""
        return cls.from_query(msgspec.convert(dict(parse_qsl(text)), ListQuery), orders)

    @property
    def query_string(self) -> str:
        """The query string that leads to this state of the list."""
        return urlencode({name: value for name, value in vars(self).items() if value not in {"", 1}})

    def url(self, path: str, **changes: Any) -> str:
        """Return the URL of the list at `path` with changes, such as another page."""
        query = replace(self, **changes).query_string
        return f"{path}?{query}" if query else path


@dataclass(frozen=True)
class ListPage:
    """A page of a list: its items, the number of items on all pages, the number of pages, and its own."""

    items: list[Item]
    count: int
    pages: int
    number: int


async def select_page(
    items: Sequence[Item],
    listing: Listing,
    orders: Mapping[str, SortOrder],
    text: Callable[[Item], str],
    facet: str,
) -> ListPage:
    """Return one page of the items that match, as `select` does; of many items, on a thread."""
    return await compute(len(items) * SELECT_COST, select, items, listing, orders, text, facet)


def select(
    items: Sequence[Item],
    listing: Listing,
    orders: Mapping[str, SortOrder],
    text: Callable[[Item], str],
    facet: str,
) -> ListPage:
    """Return one page of the items that match.

    Args:
        items: all items.
        listing: what to search for, how to sort, and which page to return; the last one, if there are fewer.
        orders: the sort orders by their names.
        text: returns the text of an item that is searched; it must contain each word, regardless of case.
        facet: the key of an item whose value is compared with `listing.show`.
    """
    words = listing.q.casefold().split()
    found = [
        item
        for item in items
        if listing.show in {"", str(item.get(facet))} and all(word in text(item).casefold() for word in words)
    ]
    order = orders[listing.sort]
    found.sort(key=order.key, reverse=order.descending)
    pages = max(1, -(-len(found) // PAGE_SIZE))
    number = min(listing.page, pages)
    start = (number - 1) * PAGE_SIZE
    return ListPage(found[start : start + PAGE_SIZE], len(found), pages, number)
