"""The plot page of every figure of the gallery has the pixels of Bokeh's own page, without errors."""

import pytest

import bokeh_cloud
from tests.gallery import FIGURES, as_document
from tests.support.published_page import Camera, assert_same_pixels

#: This module and `test_gallery` share the screenshots of reference pages.
pytestmark = pytest.mark.xdist_group("gallery in browsers")


@pytest.mark.parametrize("name", FIGURES)
def test_a_published_figure_has_the_pixels_of_bokehs_own_page(camera: Camera, cloud: str, name: str) -> None:
    # Other tests publish to the same cloud, some under names of figures.
    plot = bokeh_cloud.Server(cloud).publish(as_document(FIGURES[name]()), f"{name} of the gallery")
    assert_same_pixels(camera, name, plot.url, FIGURES[name])
