"""Pages show titles and names with any characters unchanged, and execute nothing in them."""

from typing import Any

import pytest
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure
from playwright.sync_api import Browser

from tests.support.chromium import frame_of, wait_ready
from tests.support.populated_cloud import Appearance, PopulatedCloud, open_browser_tab

MARKUP = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>{{7*7}}"
RIGHT_TO_LEFT = "invoice\u202efdp.exe"


@pytest.mark.parametrize("title", [MARKUP, RIGHT_TO_LEFT, "x" * 1000, "\U0001f9ea " * 300, "'\"><b>&amp;"])
def test_titles_are_shown_as_text(browser: Browser, populated: PopulatedCloud, title: str) -> None:
    plot = figure(width=300, height=200)
    plot.line([1, 2], [1, 2], name=MARKUP)
    name = title[:100].replace("/", "-").replace("\u202e", "")  # names have no such characters
    published = populated.server.publish(plot, name, title=title)
    with open_browser_tab(browser) as tab:
        populated.sign_in(tab.page.context)
        for path in ("/", "/plots", published.url.removeprefix(populated.url), "/data"):
            tab.page.set_viewport_size({"width": 390, "height": 844})
            tab.page.goto(populated.url + path)
            assert tab.page.title() != "owned"
            assert tab.page.locator("img[src=x]").count() == 0
            assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390, path
        tab.page.goto(published.url)
        heading = tab.page.get_by_role("heading", level=1)
        assert heading.text_content() == title
        assert heading.get_attribute("dir") == "auto"
    populated.request("DELETE", f"/ada/plots/{published.id}")


def test_a_long_title_of_a_figure_is_shortened(browser: Browser, populated: PopulatedCloud) -> None:
    title = MARKUP + RIGHT_TO_LEFT + "y" * 10_000
    plot = figure(width=300, height=200, title=title)
    plot.line([1, 2], [1, 2], legend_label=title)
    published = populated.server.publish(plot, "long")
    with open_browser_tab(browser, Appearance(390, 844, "light")) as tab:
        populated.sign_in(tab.page.context)
        tab.page.goto(published.url)
        wait_ready(frame_of(tab.page))
        assert tab.page.get_by_role("heading", level=1).text_content() == title[:1000]
        for frame in tab.page.frames:
            assert frame.title() != "owned"
            assert frame.locator("img[src=x]").count() == 0
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390
    populated.request("DELETE", f"/ada/plots/{published.id}")


def test_column_names_are_shown_as_text(browser: Browser, populated: PopulatedCloud) -> None:
    names = [MARKUP, RIGHT_TO_LEFT, "y" * 10_000]
    plot = figure(width=300, height=200, title="Columns")
    source = ColumnDataSource({"x": [1, 2], **{name: [1, 2] for name in names}})
    plot.line("x", MARKUP, source=source)
    published = populated.server.publish(plot, "columns")
    sources: Any = populated.request("GET", f"/ada/plots/{published.id}/data")["sources"]
    source_path = f"/data/{sources[0]['id']}"
    with open_browser_tab(browser, Appearance(390, 844, "light")) as tab:
        populated.sign_in(tab.page.context)
        for path in (
            "/data",
            source_path,
            f"{source_path}/delete",
            f"/plots/{published.id}/show",
        ):
            tab.page.goto(populated.url + path)
            assert tab.page.title() != "owned"
            assert tab.page.locator("img[src=x]").count() == 0
            assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390, path
        tab.page.goto(populated.url + source_path)
        shown = tab.page.locator("table:not(.sample) tbody td[dir=auto]").all_text_contents()
        assert sorted(shown) == sorted(["x", *names])
    populated.request("DELETE", f"/ada/plots/{published.id}")
