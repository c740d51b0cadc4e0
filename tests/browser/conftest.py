"""Fixtures `camera`, `populated`, `ada` and `visitor` of the browser tests."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.window_plots import Visitor
from tests.support.chromium import TIMEOUT, Tab
from tests.support.populated_cloud import (
    PopulatedCloud,
    open_browser_tab,
    populate_running_cloud,
    start_populated_cloud,
)
from tests.support.published_page import Camera, open_camera

expect.set_options(timeout=TIMEOUT)


@pytest.fixture(scope="session")
def camera(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    """The camera of all comparisons of screenshots."""
    with open_camera(browser, tmp_path_factory.mktemp("references")) as camera:
        yield camera


@pytest.fixture(scope="session")
def populated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PopulatedCloud]:
    """A cloud with Ada's plots: that at `CLOUD_URL`, or one that is started for the session."""
    if url := os.environ.get("CLOUD_URL"):
        yield populate_running_cloud(url)
        return
    with start_populated_cloud(tmp_path_factory.mktemp("populated")) as populated:
        yield populated


@pytest.fixture
def ada(browser: Browser, populated: PopulatedCloud) -> Iterator[Tab]:
    """A tab in which Ada, who owns the plots, is signed in."""
    with open_browser_tab(browser) as tab:
        populated.sign_in(tab.page.context)
        yield tab


@pytest.fixture
def visitor(ada: Tab) -> Iterator[Visitor]:
    """A visitor who is signed in as Ada, and in whose tab no errors may occur."""
    yield Visitor(ada)
    assert ada.errors == []
