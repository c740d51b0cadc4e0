"""Links in plots open in new tabs."""

import pytest
from bokeh.layouts import column
from bokeh.models import OpenURL, TapTool
from bokeh.models.widgets import Div
from bokeh.plotting import figure
from playwright.sync_api import FrameLocator, expect

from tests.support.chromium import Tab
from tests.support.populated_cloud import PopulatedCloud, open_plot

LINKS = """
<a id="page" href="{url}/terms">a page</a> <a id="code" href="javascript:document.body.remove()">code</a>
<a id="own" target="_top" href="{url}/imprint">the page around it</a>
"""


@pytest.fixture
def frame(ada: Tab, populated: PopulatedCloud) -> FrameLocator:
    """A plot with links, and with points that are links."""
    url = populated.server.url
    plot = figure(
        width=200, height=200, tools=[TapTool(callback=OpenURL(url=f"{url}/terms?@x", same_tab=True))]
    )
    plot.scatter([1], [1], size=150)
    links = Div(text=LINKS.format(url=url), width=200)
    open_plot(ada.page, populated.server.publish(column(links, plot), "links").url)
    return ada.page.frame_locator("iframe.plot-frame")


def test_links_open_in_new_tabs(ada: Tab, frame: FrameLocator) -> None:
    before = ada.page.url
    for link, path in (("a page", "/terms"), ("the page around it", "/imprint")):
        with ada.page.context.expect_page() as opened:
            frame.get_by_role("link", name=link).click()
        opened.value.wait_for_url(f"**{path}")
        assert opened.value.evaluate("[opener, document.referrer, origin]")[:2] == [None, ""]
        assert opened.value.evaluate("origin") == "/".join(before.split("/")[:3])
        opened.value.close()
    frame.get_by_role("link", name="code").click()
    expect(frame.locator(".bk-Canvas, canvas").first).to_be_visible()
    assert (ada.page.url, len(ada.page.context.pages)) == (before, 1)
    assert ada.errors == []


def test_a_point_that_is_a_link_opens_a_tab_and_says_where_it_leads(ada: Tab, frame: FrameLocator) -> None:
    with ada.page.context.expect_page() as opened:
        frame.locator(".bk-Canvas, canvas").first.click()
    opened.value.wait_for_url("**/terms?1")
    expect(frame.locator("[data-remark=link]")).to_contain_text("Opened localhost")
    expect(frame.locator("canvas").first).to_be_visible()
