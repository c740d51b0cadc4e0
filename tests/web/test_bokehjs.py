"""Plots of versions of Bokeh for which this server has no BokehJS."""

import re
from importlib.metadata import version
from typing import Any

import pytest
import requests

from tests.support.users import TIMEOUT, RunningCloud, User

INSTALLED = version("bokeh")
ROOT = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": "hi"}}


def published(cloud: RunningCloud, key: str, wanted: str) -> str:
    """Publish a document of a version of Bokeh, and return the path of its frame."""
    document: dict[str, Any] = {"version": wanted, "title": "Old", "roots": [ROOT]}
    body = {"name": f"of {wanted}", "document": document, "sources": []}
    answer = cloud.request("POST", "/ada/store", key, json=body)
    assert answer.ok, answer.text
    return f"/plots/{answer.json()['id']}/embed"


def test_nearest_version_is_used_and_the_frame_says_so(cloud: RunningCloud, ada: User, key: str) -> None:
    page = ada.get(published(cloud, key, "3.0.1")).text
    assert f"Made with Bokeh 3.0.1, which this server lacks; shown with {INSTALLED}." in page
    scripts = re.findall(r'src="(/static/bokehjs/[^"]+)"', page)
    assert scripts
    for script in scripts:
        answer = requests.get(cloud.url + script, timeout=TIMEOUT)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("wanted", ["4.0.0", "9.1.2"])
def test_without_a_suitable_version_the_frame_explains_what_to_do(
    cloud: RunningCloud, ada: User, key: str, wanted: str
) -> None:
    answer = ada.get(published(cloud, key, wanted))
    assert answer.status_code == 200
    assert "This plot needs another BokehJS" in answer.text
    assert f"bokeh-cloud admin bokehjs add {wanted}" in answer.text
    assert "/static/bokehjs/" not in answer.text
    page = f"/plots/{answer.url.split('/')[-2]}/download.html"
    assert ada.get(page).status_code == 404
