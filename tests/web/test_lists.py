"""The list of plots: searched, sorted, a page at a time, and changed several at once."""

import re
from collections.abc import Iterator

import pytest

from tests.integration.people import Cloud, Person
from tests.web.publishing import publish

MANY = 26  # more than a page


@pytest.fixture(scope="module")
def plots(cloud: Cloud, ada: Person, key: str) -> Iterator[dict[str, str]]:
    """Ids by names."""
    first = publish(cloud, key, "many 00")
    ids = {"many 00": first.id}
    for number in range(1, MANY):
        wish = {"plot": first.id, "name": f"many {number:02}"}
        ids[wish["name"]] = cloud.request("POST", "/ada/clone", key, json=wish).json()["id"]
        title = {"title": f"Number {MANY - number:02} of many"}
        assert cloud.request("PATCH", f"/ada/plots/{ids[wish['name']]}", key, json=title).ok
    yield ids
    for plot in ids.values():
        cloud.request("DELETE", f"/ada/plots/{plot}", key)


def shown(page: str) -> list[str]:
    return re.findall(r'class="title" href="/plots/(\w+)/show"', page)


def test_a_page_at_a_time(ada: Person, plots: dict[str, str]) -> None:
    first = ada.get("/plots?q=many&sort=title").text
    assert "Page 1 of 2" in first
    [further] = re.findall(r'rel="next" href="([^"]+)"', first)
    second = ada.get(further.replace("&amp;", "&")).text
    found = shown(first) + shown(second)
    assert found[:-1] == [plots[f"many {number:02}"] for number in range(MANY - 1, 0, -1)]
    assert found[-1] == plots["many 00"], "it is called 'The many 00 plot'"
    assert ada.get("/plots?q=many&page=" + "9" * 3000).status_code == 200


def test_several_at_once(cloud: Cloud, ada: Person, key: str, plots: dict[str, str]) -> None:
    chosen = [plots["many 03"], plots["many 04"]]
    form = {"form_token": ada.form_token(), "plots": chosen, "list": "q=many&sort=title"}
    answer = ada.post("/plots/selection", {**form, "action": "public"})
    assert answer.headers["Location"] == "/plots?q=many&sort=title", "back to where one was"
    assert sorted(shown(ada.get("/plots?q=many&show=public").text)) == sorted(chosen)
    ada.post("/plots/selection", {**form, "action": "private"})
    assert shown(ada.get("/plots?q=many&show=public").text) == []
    refused = ada.post("/plots/selection", {**form, "action": "sell"})
    assert refused.status_code == 422


def test_deleting_several_is_asked_first(cloud: Cloud, ada: Person, key: str, plots: dict[str, str]) -> None:
    chosen = [plots["many 01"], plots["many 02"], "a" * 16]
    form = {"form_token": ada.form_token(), "plots": chosen, "action": "delete", "list": "q=many"}
    question = ada.post("/plots/selection", form)
    assert "Delete 2 plots?" in question.text
    assert 'href="/plots?q=many&amp;sort=modified">Keep them' in question.text
    assert cloud.request("GET", f"/ada/plots/{chosen[0]}", key).ok
    ada.post("/plots/selection", {**form, "sure": "yes"})
    answers = [cloud.request("GET", f"/ada/plots/{plot}", key).status_code for plot in chosen]
    assert answers == [404, 404, 404], "one that somebody has deleted meanwhile does not hold up the others"
    assert ada.post("/plots/selection", form).status_code == 303, "there is nothing to ask any more"
