"""A figure that the client publishes, and Chromium shows."""

from typing import Any

from playwright.sync_api import Browser

import bokeh_cloud
from tests.browser.chromium import new_context, open_tab, wait_ready
from tests.browser.published import find_frame
from tests.gallery import FIGURES, as_document


def published(url: str, key: str, browser: Browser, **profile: Any) -> str:
    """Publish a figure, look at it without a key, and return its address."""
    plot = bokeh_cloud.Server(url, apikey=key).publish(as_document(FIGURES["sine"]()), "sine")
    plot.visibility = "link"
    assert plot.url.startswith(f"{url}/plots/")
    look(plot.url, browser, **profile)
    return plot.url


def look(url: str, browser: Browser, **profile: Any) -> None:
    """Open the page of a plot, which is shown and complains of nothing."""
    context = new_context(browser, **profile)
    with open_tab(context, url) as tab:
        wait_ready(find_frame(tab.page)[1])
        assert tab.errors == []
    context.close()
