import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import ChromiumMissing, find_chromium
from tests.browser.published import Camera, open_camera
from tests.browser.town import Town, open_town


@pytest.fixture(scope="session")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    """One browser for all tests."""
    try:
        find_chromium()
    except ChromiumMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    with open_camera(tmp_path_factory.mktemp("references")) as camera:
        yield camera


@pytest.fixture(scope="session")
def browser(camera: Camera) -> Browser:
    """The browser, for tests with profiles of their own."""
    assert camera.context.browser is not None
    return camera.context.browser


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A cloud with accounts, and what Ada has published."""
    with open_town(tmp_path_factory.mktemp("town")) as town:
        yield town
