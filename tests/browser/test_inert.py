"""Titles and names may be anything: pages show them as they are, and nothing of them runs."""

from typing import Any

import pytest
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure
from playwright.sync_api import Browser

from tests.browser.chromium import frame_of, wait_ready
from tests.browser.town import Look, Town, browsing

MARKUP = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>{{7*7}}"
RIGHT_TO_LEFT = "invoice\u202efdp.exe"


@pytest.mark.parametrize("title", [MARKUP, RIGHT_TO_LEFT, "x" * 1000, "\U0001f9ea " * 300, "'\"><b>&amp;"])
def test_titles_are_shown_inert(browser: Browser, town: Town, title: str) -> None:
    plot = figure(width=300, height=200)
    plot.line([1, 2], [1, 2], name=MARKUP)
    name = title[:100].replace("/", "-")
    published = town.server.publish(plot, name, title=title)
    with browsing(browser) as tab:
        town.sign_in(tab.page.context)
        for path in ("/", "/plots", published.url.removeprefix(town.url), "/data"):
            tab.page.set_viewport_size({"width": 390, "height": 844})
            tab.page.goto(town.url + path)
            assert tab.page.title() != "owned"
            assert tab.page.locator("img[src=x]").count() == 0
            assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390, path
        tab.page.goto(published.url)
        shown = tab.page.get_by_role("heading", level=1)
        assert shown.text_content() == title
        assert shown.get_attribute("dir") == "auto"
    town.ask("DELETE", f"/ada/plots/{published.id}")


def test_a_long_title_within_the_figure_is_cut(browser: Browser, town: Town) -> None:
    title = MARKUP + RIGHT_TO_LEFT + "y" * 10_000
    plot = figure(width=300, height=200, title=title)
    plot.line([1, 2], [1, 2], legend_label=title)
    published = town.server.publish(plot, "long")
    with browsing(browser, Look(390, 844, "light")) as tab:
        town.sign_in(tab.page.context)
        tab.page.goto(published.url)
        wait_ready(frame_of(tab.page))
        assert tab.page.get_by_role("heading", level=1).text_content() == title[:1000]
        for frame in tab.page.frames:
            assert frame.title() != "owned"
            assert frame.locator("img[src=x]").count() == 0
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390
    town.ask("DELETE", f"/ada/plots/{published.id}")


def test_names_of_columns_are_shown_inert(browser: Browser, town: Town) -> None:
    names = [MARKUP, RIGHT_TO_LEFT, "y" * 10_000]
    plot = figure(width=300, height=200, title="Columns")
    source = ColumnDataSource({"x": [1, 2], **{name: [1, 2] for name in names}})
    plot.line("x", MARKUP, source=source)
    published = town.server.publish(plot, "columns")
    used: Any = town.ask("GET", f"/ada/plots/{published.id}/data")["sources"]
    address = f"/data/{used[0]['id']}"
    with browsing(browser, Look(390, 844, "light")) as tab:
        town.sign_in(tab.page.context)
        for path in (
            "/data",
            address,
            f"{address}/delete",
            f"/plots/{published.id}/show",
        ):
            tab.page.goto(town.url + path)
            assert tab.page.title() != "owned"
            assert tab.page.locator("img[src=x]").count() == 0
            assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390, path
        tab.page.goto(town.url + address)
        shown = tab.page.locator("tbody td[dir=auto]").all_text_contents()
        assert sorted(shown) == sorted(["x", *names])
    town.ask("DELETE", f"/ada/plots/{published.id}")
