"""Fixtures `cloud`, `playwright` and `browser`, which the tests share."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.support.chromium import ChromiumMissing, find_headless_shell, launch
from tests.support.embedded_server import one_process


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a running cloud: that at `CLOUD_URL`, or one that is started for the session."""
    if url := os.environ.get("CLOUD_URL"):
        yield url
        return
    with one_process(f"local://{tmp_path_factory.mktemp('cloud')}") as url:
        yield url


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The Playwright of all tests.

    There can be only one, since its event loop keeps running in the thread while it is open.
    """
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The headless Chromium of all tests, each of which opens its own profiles and tabs."""
    try:
        path = find_headless_shell()
    except ChromiumMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    browser = launch(playwright, path)
    yield browser
    browser.close()
