"""The first page draws the pictures that its plots lack, but of nothing that runs code or is large."""

import numpy as np
from bokeh.models import CustomJS
from bokeh.plotting import figure
from playwright.sync_api import Browser, expect

from tests.browser.town import Look, Town, browsing


def line(title: str, points: int = 4, height: int = 400) -> figure:
    drawn = figure(title=title, width=400, height=height)
    drawn.line(np.arange(points, dtype=float), np.random.default_rng(1).standard_normal(points), line_width=4)
    return drawn


def test_the_first_page_draws_what_is_missing(browser: Browser, town: Town) -> None:
    code = line("runs")
    code.js_on_event("tap", CustomJS(code="1"))
    plots = {
        "tall": town.server.publish(line("tall", height=900), "tall"),
        "runs": town.server.publish(code, "runs"),
        "large": town.server.publish(line("large", 500_000), "large"),
    }
    with browsing(browser, Look(1280, 900, "light")) as tab:
        town.sign_in(tab.page.context)
        tab.page.goto(town.url)
        picture = tab.page.locator(f"img[src*='{plots['tall'].id}']")
        expect(picture).to_be_visible()
        assert picture.evaluate("(image) => image.complete && image.naturalWidth > 0")
        inside = picture.evaluate("(image) => image.clientHeight <= image.parentElement.clientHeight")
        assert inside, "a tall one fits into its card, too"
        expect(tab.page.locator(".picture iframe")).to_have_count(0)
        assert tab.errors == []
        kept = tab.page.context.request
        found = {name: kept.get(f"{town.url}/plots/{plot.id}/thumbnail.png") for name, plot in plots.items()}
        assert {name: answer.status for name, answer in found.items()} == {
            "tall": 200,
            "runs": 404,
            "large": 404,
        }
        tab.page.reload()
        expect(picture).to_be_visible()
        assert "?v=" in str(picture.get_attribute("src")), "it is drawn once"
    for plot in plots.values():
        town.ask("DELETE", f"/ada/plots/{plot.id}")
