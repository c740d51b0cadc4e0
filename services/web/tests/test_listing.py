"""Searching, sorting and paging of lists."""

import msgspec
import pytest

from bokeh_web.pages.jinja_filters import parse_positive_integer
from bokeh_web.pages.listing import PAGE_SIZE, Item, Listing, ListQuery, SortOrder, select

ORDERS = {
    "newest": SortOrder("Newest first", lambda item: item["time"], descending=True),
    "name": SortOrder("By name", lambda item: item["name"]),
}
ITEMS: list[Item] = [
    {"name": f"{kind} {number:02}", "time": number, "kind": kind}
    for number in range(30)
    for kind in ("apple", "pear")
]


def listing_of(**query: str) -> Listing:
    return Listing.from_query(msgspec.convert(query, ListQuery), ORDERS)


def found(**query: str) -> list[str]:
    page = select(ITEMS, listing_of(**query), ORDERS, lambda item: item["name"], "kind")
    return [item["name"] for item in page.items]


def test_pages() -> None:
    pages = [found(sort="name", page=str(number)) for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [PAGE_SIZE, PAGE_SIZE, 60 - 2 * PAGE_SIZE]
    assert [name for page in pages for name in page] == sorted(item["name"] for item in ITEMS)
    assert found(sort="name", page="99") == pages[2], "beyond the last page, the last one is shown"


def test_searching_and_sorting() -> None:
    assert found(q="PEAR 7", sort="name") == ["pear 07", "pear 17", "pear 27"]
    assert found(q=" 7  pear") == ["pear 27", "pear 17", "pear 07"]
    assert found(q="1", show="apple", sort="name")[:3] == ["apple 01", "apple 10", "apple 11"]
    assert found(q="quince") == found(show="quince") == []


@pytest.mark.parametrize("page", ["", "0", "-1", "x", "1.5", "²", "9" * 5000])
def test_values_that_make_no_sense_are_ignored(page: str) -> None:
    assert found(page=page, sort="sideways") == found()
    assert parse_positive_integer(page) is None


def test_query_string_of_a_list_is_restored() -> None:
    listing = listing_of(q="a&b=c", show="pear", page="2")
    assert Listing.from_query_string(listing.query_string, ORDERS) == listing
    assert listing.url("/plots", page=1) == "/plots?q=a%26b%3Dc&sort=newest&show=pear"
    assert Listing.from_query_string("", ORDERS) == listing_of()
