import os
from collections.abc import Iterator

import pytest

from tests.browser.chromium import ChromiumMissing, find_chromium
from tests.browser.published import Camera, open_camera


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
