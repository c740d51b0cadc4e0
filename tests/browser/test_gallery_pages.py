"""The page of every published figure has the pixels of Bokeh's own page, without a complaint."""

import pytest

import bokeh_cloud
from tests.browser.published import Camera, assert_same_pixels
from tests.gallery import FIGURES, as_document


@pytest.mark.parametrize("name", FIGURES)
def test_published_page(camera: Camera, cloud: str, name: str) -> None:
    plot = bokeh_cloud.Server(cloud).publish(as_document(FIGURES[name]()), name)
    assert_same_pixels(camera, name, plot.url, FIGURES[name])
