"""The API's specification, and pictures, through the gateway."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

import bokeh_cloud
from tests.browser.published import Camera, assert_same_pixels, open_camera
from tests.compose.engine import ROOT
from tests.gallery import FIGURES, as_document
from tests.integration.people import Cloud

SPECIFICATION = "tests/integration/test_api_spec"
#: It makes up requests for a cloud that it starts itself, which this one would not be.
OF_ITS_OWN = "test_9_schemathesis.py"

#: Many kinds of data, widgets with code, a model of its own code, pictures, and WebGL.
LOOKED_AT = ("sine", "pandas_times", "controls", "data_model", "image_layers", "webgl_points")


def test_the_specification_holds(people: Cloud, keys: dict[str, str]) -> None:
    env = {**os.environ, "CLOUD_URL": people.url, "CLOUD_KEY": keys["ada"], "CLOUD_OTHER_KEY": keys["bob"]}
    command = [sys.executable, "-m", "pytest", "-q", SPECIFICATION, f"--ignore={SPECIFICATION}/{OF_ITS_OWN}"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stdout[-8000:]


@pytest.fixture(scope="module")
def camera(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    with open_camera(browser, tmp_path_factory.mktemp("references")) as camera:
        yield camera


@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_published_page_has_the_pixels_of_bokehs_own(
    people: Cloud, keys: dict[str, str], camera: Camera, name: str
) -> None:
    plot = bokeh_cloud.Server(people.url, apikey=keys["ada"]).publish(as_document(FIGURES[name]()), name)
    plot.visibility = "link"
    assert_same_pixels(camera, name, plot.url, FIGURES[name])
