import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chromium import TIMEOUT
from tests.browser.published import Camera, open_camera
from tests.browser.town import Town, given_town, open_town

expect.set_options(timeout=TIMEOUT)


@pytest.fixture(scope="session")
def camera(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    """One profile for all comparisons of pictures, and a site for the pages to compare with."""
    with open_camera(browser, tmp_path_factory.mktemp("references")) as camera:
        yield camera


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A cloud with accounts, that of `CLOUD_URL` or one of its own, and what Ada has published."""
    if url := os.environ.get("CLOUD_URL"):
        yield given_town(url)
        return
    with open_town(tmp_path_factory.mktemp("town")) as town:
        yield town
