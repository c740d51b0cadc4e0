"""Plots of a Bokeh that this server has no BokehJS of."""

import re
from importlib.metadata import version
from typing import Any

import pytest
import requests

from tests.integration.people import TIMEOUT, Cloud, Person

INSTALLED = version("bokeh")
ROOT = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": "hi"}}


def published(cloud: Cloud, key: str, wanted: str) -> str:
    """Publish a document of a version of Bokeh; return the path of its frame."""
    document: dict[str, Any] = {"version": wanted, "title": "Old", "roots": [ROOT]}
    body = {"name": f"of {wanted}", "document": document, "sources": []}
    answer = cloud.request("POST", "/ada/store", key, json=body)
    assert answer.ok, answer.text
    return f"/plots/{answer.json()['id']}/embed"


def test_the_nearest_one_stands_in_and_says_so(cloud: Cloud, ada: Person, key: str) -> None:
    page = ada.get(published(cloud, key, "3.0.1")).text
    assert f"Made with Bokeh 3.0.1, which this server lacks; shown with {INSTALLED}." in page
    scripts = re.findall(r'src="(/static/bokehjs/[^"]+)"', page)
    assert scripts
    for script in scripts:
        answer = requests.get(cloud.url + script, timeout=TIMEOUT)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("wanted", ["4.0.0", "9.1.2"])
def test_without_a_near_one_the_operator_is_told_what_to_do(
    cloud: Cloud, ada: Person, key: str, wanted: str
) -> None:
    answer = ada.get(published(cloud, key, wanted))
    assert answer.status_code == 200
    assert "This plot needs another BokehJS" in answer.text
    assert f"bokeh-cloud admin bokehjs add {wanted}" in answer.text
    assert "/static/bokehjs/" not in answer.text
    page = f"/plots/{answer.url.split('/')[-2]}/download.html"
    assert ada.get(page).status_code == 404
