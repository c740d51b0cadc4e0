"""The list of plots: searching, sorting, paging, and changing several plots at once."""

import re
from collections.abc import Iterator

import pytest

from tests.support.users import RunningCloud, User
from tests.web.publishing import publish

COUNT = 26  # more than one page


@pytest.fixture(scope="module")
def plots(cloud: RunningCloud, ada: User, key: str) -> Iterator[dict[str, str]]:
    """Publish plots, and return their ids by their names."""
    first = publish(cloud, key, "many 00")
    ids = {"many 00": first.id}
    for number in range(1, COUNT):
        copy = {"plot": first.id, "name": f"many {number:02}"}
        ids[copy["name"]] = cloud.request("POST", "/ada/clone", key, json=copy).json()["id"]
        title = {"title": f"Number {COUNT - number:02} of many"}
        assert cloud.request("PATCH", f"/ada/plots/{ids[copy['name']]}", key, json=title).ok
    yield ids
    for plot in ids.values():
        cloud.request("DELETE", f"/ada/plots/{plot}", key)


def shown(page: str) -> list[str]:
    return re.findall(r'class="title" href="/plots/(\w+)/show"', page)


def test_pages_of_the_list(ada: User, plots: dict[str, str]) -> None:
    first = ada.get("/plots?q=many&sort=title").text
    assert "Page 1 of 2" in first
    [further] = re.findall(r'rel="next" href="([^"]+)"', first)
    second = ada.get(further.replace("&amp;", "&")).text
    found = shown(first) + shown(second)
    assert found[:-1] == [plots[f"many {number:02}"] for number in range(COUNT - 1, 0, -1)]
    assert found[-1] == plots["many 00"], "its title is 'The many 00 plot'"
    assert ada.get("/plots?q=many&page=" + "9" * 3000).status_code == 200


def test_changing_several_plots(cloud: RunningCloud, ada: User, key: str, plots: dict[str, str]) -> None:
    chosen = [plots["many 03"], plots["many 04"]]
    form = {"form_token": ada.form_token(), "plots": chosen, "list": "q=many&sort=title"}
    answer = ada.post("/plots/selection", {**form, "action": "public"})
    assert answer.headers["Location"] == "/plots?q=many&sort=title", "back to the same list"
    assert sorted(shown(ada.get("/plots?q=many&show=public").text)) == sorted(chosen)
    ada.post("/plots/selection", {**form, "action": "private"})
    assert shown(ada.get("/plots?q=many&show=public").text) == []
    refused = ada.post("/plots/selection", {**form, "action": "sell"})
    assert refused.status_code == 422


def test_deleting_several_plots_needs_a_confirmation(
    cloud: RunningCloud, ada: User, key: str, plots: dict[str, str]
) -> None:
    chosen = [plots["many 01"], plots["many 02"], "a" * 16]
    form = {"form_token": ada.form_token(), "plots": chosen, "action": "delete", "list": "q=many"}
    confirmation = ada.post("/plots/selection", form)
    assert "Delete 2 plots?" in confirmation.text
    assert 'href="/plots?q=many&amp;sort=modified">Keep them' in confirmation.text
    assert cloud.request("GET", f"/ada/plots/{chosen[0]}", key).ok
    ada.post("/plots/selection", {**form, "sure": "yes"})
    answers = [cloud.request("GET", f"/ada/plots/{plot}", key).status_code for plot in chosen]
    assert answers == [404, 404, 404], "a plot that no longer exists does not stop the deletion of the others"
    assert ada.post("/plots/selection", form).status_code == 303, "there is nothing left to confirm"
