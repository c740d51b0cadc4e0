"""Fixtures: a server, and a camera whose browser has Panel's CDN."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

import bokeh_cloud
from tests.support.embedded_server import one_process
from tests.support.published_page import Camera, open_camera


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bokeh_cloud.Server]:
    """An embedded server."""
    with one_process(f"local://{tmp_path_factory.mktemp('storage')}") as url:
        yield bokeh_cloud.Server(url)


@pytest.fixture(scope="session")
def camera(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    """The camera of all comparisons."""
    from tests.ecosystem.reference_pages import (
        serve_panel_files,
    )  # is not installed where others are collected

    with open_camera(browser, tmp_path_factory.mktemp("references")) as camera:
        serve_panel_files(camera.context)
        yield camera
