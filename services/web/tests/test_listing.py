"""Lists as people read them."""

import pytest

from bokeh_web.listing import PAGE_SIZE, Item, Sorting, Wanted, select
from bokeh_web.words import whole

SORTINGS = {
    "newest": Sorting("Newest first", lambda item: item["time"], descending=True),
    "name": Sorting("By name", lambda item: item["name"]),
}
ITEMS: list[Item] = [
    {"name": f"{kind} {number:02}", "time": number, "kind": kind}
    for number in range(30)
    for kind in ("apple", "pear")
]


def found(**query: str) -> list[str]:
    wanted = Wanted.of(query, SORTINGS)
    return [item["name"] for item in select(ITEMS, wanted, SORTINGS, lambda i: i["name"], "kind").items]


def test_a_page_at_a_time() -> None:
    pages = [found(sort="name", page=str(number)) for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [PAGE_SIZE, PAGE_SIZE, 60 - 2 * PAGE_SIZE]
    assert [name for page in pages for name in page] == sorted(item["name"] for item in ITEMS)
    assert found(sort="name", page="99") == pages[2], "beyond the last there is the last"


def test_searched_and_sorted() -> None:
    assert found(q="PEAR 7", sort="name") == ["pear 07", "pear 17", "pear 27"]
    assert found(q=" 7  pear") == ["pear 27", "pear 17", "pear 07"]
    assert found(q="1", show="apple", sort="name")[:3] == ["apple 01", "apple 10", "apple 11"]
    assert found(q="quince") == found(show="quince") == []


@pytest.mark.parametrize("page", ["", "0", "-1", "x", "1.5", "²", "9" * 5000])
def test_what_makes_no_sense_counts_as_not_said(page: str) -> None:
    assert found(page=page, sort="sideways") == found()
    assert whole(page) is None


def test_the_address_of_a_list_is_carried_along() -> None:
    wanted = Wanted.of({"q": "a&b=c", "show": "pear", "page": "2"}, SORTINGS)
    assert Wanted.before(wanted.query, SORTINGS) == wanted
    assert wanted.address("/plots", page=1) == "/plots?q=a%26b%3Dc&sort=newest&show=pear"
    assert Wanted.before("", SORTINGS) == Wanted.of({}, SORTINGS)
