"""Publishes a figure with the client, and opens it in Chromium."""

from typing import Any

from playwright.sync_api import Browser

import bokeh_cloud
from tests.gallery import FIGURES, as_document
from tests.support.chromium import new_context, open_tab, wait_ready
from tests.support.published_page import find_frame


def publish_and_check(url: str, key: str, browser: Browser, **options: Any) -> str:
    """Publish a figure, open its page as a visitor, and return the URL."""
    plot = bokeh_cloud.Server(url, apikey=key).publish(as_document(FIGURES["sine"]()), "sine")
    plot.visibility = "link"
    assert plot.url.startswith(f"{url}/plots/")
    check_in_chromium(plot.url, browser, **options)
    return plot.url


def check_in_chromium(url: str, browser: Browser, **options: Any) -> None:
    """Open the page of a plot, and check that the plot is shown without errors."""
    context = new_context(browser, **options)
    with open_tab(context, url) as tab:
        wait_ready(find_frame(tab.page)[1])
        assert tab.errors == []
    context.close()
