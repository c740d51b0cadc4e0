"""The specification of the API, and screenshots of published plots, through the gateway."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

import bokeh_cloud
from tests import ROOT
from tests.compose.conftest import environ_of
from tests.gallery import FIGURES, as_document
from tests.support.published_page import Camera, assert_same_pixels, open_camera
from tests.support.users import RunningCloud

SPECIFICATION = "tests/integration/test_api_spec"
#: A test that starts its own cloud, and so does not use the containers.
EXCLUDED = "test_9_schemathesis.py"

#: Figures with many kinds of data, widgets with code, a custom model, images, and WebGL.
FIGURE_NAMES = ("sine", "pandas_times", "controls", "data_model", "image_layers", "webgl_points")


def test_the_specification_holds(cloud: RunningCloud, keys: dict[str, str]) -> None:
    env = environ_of(cloud, CLOUD_KEY=keys["ada"], CLOUD_OTHER_KEY=keys["bob"])
    command = [sys.executable, "-m", "pytest", "-q", SPECIFICATION, f"--ignore={SPECIFICATION}/{EXCLUDED}"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stdout[-8000:]


@pytest.fixture(scope="module")
def camera(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    with open_camera(browser, tmp_path_factory.mktemp("references")) as camera:
        yield camera


@pytest.mark.parametrize("name", FIGURE_NAMES)
def test_a_published_plot_has_the_pixels_of_bokehs_own_page(
    cloud: RunningCloud, keys: dict[str, str], camera: Camera, name: str
) -> None:
    plot = bokeh_cloud.Server(cloud.url, apikey=keys["ada"]).publish(as_document(FIGURES[name]()), name)
    plot.visibility = "link"
    assert_same_pixels(camera, name, plot.url, FIGURES[name])
