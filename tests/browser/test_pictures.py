"""The home page renders missing thumbnails, except for plots that run code or are large."""

import numpy as np
from bokeh.models import CustomJS
from bokeh.plotting import figure
from playwright.sync_api import Browser, expect

from tests.support.populated_cloud import Appearance, PopulatedCloud, open_browser_tab


def line(title: str, points: int = 4, height: int = 400) -> figure:
    plot = figure(title=title, width=400, height=height)
    plot.line(np.arange(points, dtype=float), np.random.default_rng(1).standard_normal(points), line_width=4)
    return plot


def test_the_home_page_renders_missing_thumbnails(browser: Browser, populated: PopulatedCloud) -> None:
    with_code = line("with code")
    with_code.js_on_event("tap", CustomJS(code="1"))
    plots = {
        "tall": populated.server.publish(line("tall", height=900), "tall"),
        "with code": populated.server.publish(with_code, "with code"),
        "large": populated.server.publish(line("large", 500_000), "large"),
    }
    with open_browser_tab(browser, Appearance(1280, 900, "light")) as tab:
        populated.sign_in(tab.page.context)
        tab.page.goto(populated.url)
        picture = tab.page.locator(f"img[src*='{plots['tall'].id}']")
        expect(picture).to_be_visible()
        assert picture.evaluate("(image) => image.complete && image.naturalWidth > 0")
        inside = picture.evaluate("(image) => image.clientHeight <= image.parentElement.clientHeight")
        assert inside, "a tall thumbnail must fit in its card"
        expect(tab.page.locator(".picture iframe")).to_have_count(0)
        assert tab.errors == []
        get = tab.page.context.request.get
        statuses = {
            name: get(f"{populated.url}/plots/{plot.id}/thumbnail.png").status for name, plot in plots.items()
        }
        assert statuses == {"tall": 200, "with code": 404, "large": 404}
        tab.page.reload()
        expect(picture).to_be_visible()
        assert "?v=" in str(picture.get_attribute("src")), "a thumbnail must be rendered once only"
    for plot in plots.values():
        populated.request("DELETE", f"/ada/plots/{plot.id}")
