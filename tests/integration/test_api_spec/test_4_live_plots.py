"""Plots of live sources: their versions, and what their readers may load."""

import re
from typing import Any

from tests.integration.test_api_spec.caller import Caller, problem, publication, read_column


def column_in_scene(scene: Any) -> str:
    """Return the hash of the column in a scene."""
    [entry] = scene["roots"][0]["attributes"]["tags"][0]["attributes"]["data"]["entries"]
    return str(entry[1]["array"]["data"]["id"])


def test_a_plot_has_current_live_data_and_its_versions_have_those_of_their_time(ada: Caller) -> None:
    source = ada.live_source(1.0)
    plot = ada.ok("POST", "/{user}/store", json=publication("live", source))
    path = f"/{{user}}/plots/{plot['id']}/scene"
    before = ada("GET", path)
    ada.append(source["id"], 2.0)
    after = ada("GET", path, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert read_column(ada, column_in_scene(after.json())) == (1.0, 2.0)
    assert read_column(ada, column_in_scene(ada.ok("GET", f"{path}?version=1"))) == (1.0,)
    [item] = ada.ok("GET", f"/{{user}}/objects/{plot['id']}.p2")["objects"]
    assert item["attributes"]["data"]["entries"][0][1]["shape"] == [2]
    assert ada.ok("GET", f"/{{user}}/plots/{plot['id']}/data")["sources"][0]["live"] is True


def view_token(visitor: Caller, plot: Any, query: str = "") -> str:
    """Return the view token in the frame of a plot."""
    frame = visitor("GET", f"/plots/{plot['id']}/embed{query}").text
    [token] = set(re.findall(r"bkv_[\w.-]+", frame))
    return str(token)


def test_a_view_token_opens_live_columns_that_were_drawn_since_it_was_made(
    ada: Caller, visitor: Caller
) -> None:
    source = ada.live_source(5.0)
    plot = ada.ok("POST", "/{user}/store", json=publication("live frame", source))
    ada.ok("PATCH", f"/{{user}}/plots/{plot['id']}", json={"visibility": "link"})
    before = [source, *(ada.append(source["id"], 6.0) for _ in range(2))]
    token = view_token(visitor, plot)
    after = [before.pop(), *(ada.append(source["id"], 7.0) for _ in range(2))]
    other = ada.source(99.0)

    def column(state: Any) -> str:
        return f"/{ada.user}/data/columns/{state['columns']['y']['hash']}"

    def rows(state: Any) -> str:
        return f"/{ada.user}/data/{source['id']}.csv?version={state['version']}"

    def window(state: Any) -> str:
        y = state["columns"]["y"]["hash"]
        return f"/{ada.user}/data/columns/window?x={y}&y={y}"

    for path in (column, rows, window):
        assert [visitor("GET", path(state), key=token).status_code for state in after] == [200] * 3
        for state in (*before, other):
            problem(visitor("GET", path(state), key=token), 404, "not-found")
    # What the source was when the version was published is history.
    newest = view_token(visitor, plot, "?version=1")
    assert visitor("GET", column(after[-1]), key=newest).status_code == 200
    problem(visitor("GET", column(source), key=newest), 404, "not-found")
    # With history, a page of the published version shows the source as it was then, and nothing newer.
    ada.ok("PATCH", f"/{{user}}/plots/{plot['id']}", json={"history": True})
    pinned = view_token(visitor, plot, "?version=1")
    assert visitor("GET", column(source), key=pinned).status_code == 200
    for state in (before[1], *after):
        problem(visitor("GET", column(state), key=pinned), 404, "not-found")


def test_others_get_those_columns_of_a_live_source_that_the_plot_draws(ada: Caller, visitor: Caller) -> None:
    columns = {name: ada.upload(value, value) for name, value in {"y": 1.0, "salary": 2.0, "z": 3.0}.items()}
    body = {"name": "staff", "live": True, "columns": columns}
    source = ada.ok("POST", "/{user}/data", json=body)
    plot = ada.ok("POST", "/{user}/store", json=publication("staff", source))
    ada.ok("PATCH", f"/{{user}}/plots/{plot['id']}", json={"visibility": "link"})
    token = view_token(visitor, plot)
    drawn, hidden = (source["columns"][name]["hash"] for name in ("y", "salary"))
    assert drawn in visitor("GET", f"/plots/{plot['id']}/embed").text
    for text in (
        visitor("GET", f"/plots/{plot['id']}/embed").text,
        visitor("GET", f"/plots/{plot['id']}/embed?version=1").text,
        visitor("GET", f"/plots/{plot['id']}/download.html").text,
        visitor("GET", f"/plots/{plot['id']}/data/{source['id']}/csv").text,
        visitor("GET", f"/plots/{plot['id']}/data/{source['id']}/csv?version=1").text,
        visitor("GET", f"/plots/{plot['id']}/data/{source['id']}/json").text,
        *(
            visitor("GET", f"/{ada.user}/{path}", key=key).text
            for key in (None, token)
            for path in (
                f"plots/{plot['id']}",
                f"plots/{plot['id']}/scene",
                f"plots/{plot['id']}/scene?version=1",
            )
        ),
        visitor("GET", f"/{ada.user}/data/{source['id']}", key=token).text,
        visitor("GET", f"/{ada.user}/data/{source['id']}.json", key=token).text,
        visitor("GET", f"/{ada.user}/data/{source['id']}.arrow", key=token).text,
    ):
        assert hidden not in text
        assert "salary" not in text
        assert "y" in text
    for path in (
        f"columns/{hidden}",
        f"columns/window?x={drawn}&y={hidden}",
        f"{source['id']}.csv?columns=salary",
    ):
        assert visitor("GET", f"/{ada.user}/data/{path}", key=token).status_code in {404, 422}, path
    condition = visitor("GET", f"/{ada.user}/data/{source['id']}.csv?where=salary>1", key=token)
    assert condition.status_code == 422
    batch = visitor("POST", f"/{ada.user}/data/columns", key=token, json={"columns": [drawn, hidden]})
    problem(batch, 404, "not-found")
    # The owner's programs get all of it.
    assert hidden in ada("GET", f"/{{user}}/plots/{plot['id']}/scene").text


def test_a_copy_of_another_account_has_the_columns_that_are_drawn(ada: Caller, bob: Caller) -> None:
    columns = {"y": ada.upload(1.0), "salary": ada.upload(2.0)}
    source = ada.ok("POST", "/{user}/data", json={"name": "staff", "live": True, "columns": columns})
    plot = ada.ok("POST", "/{user}/store", json=publication("copied staff", source))
    ada.ok("PATCH", f"/{{user}}/plots/{plot['id']}", json={"visibility": "public"})
    for name, version in (("copy", None), ("copy of version", 1)):
        copy = bob.ok("POST", "/{user}/clone", json={"plot": plot["id"], "name": name, "version": version})
        [used] = bob.ok("GET", f"/{{user}}/plots/{copy['id']}/data")["sources"]
        assert bob.ok("GET", f"/{{user}}/data/{used['id']}")["columns"].keys() == {"y"}
