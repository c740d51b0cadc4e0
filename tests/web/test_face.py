"""The operator's name, colours and texts."""

import re

import requests

from tests.integration.people import TIMEOUT, Cloud


def test_the_face_of_the_operator(cloud: Cloud) -> None:
    page = requests.get(cloud.url, timeout=TIMEOUT).text
    assert "<title>Plots &amp; Co</title>" in page
    assert "Bokeh Cloud" not in page
    [sheet] = re.findall(r'href="(/static/assets/cloud\.\w+\.css)"', page)
    style = requests.get(cloud.url + sheet, timeout=TIMEOUT)
    assert "#7a1fa2" in style.text
    assert "immutable" in style.headers["Cache-Control"]
    assert style.headers["Content-Encoding"] == "gzip"


def test_the_operators_texts(cloud: Cloud) -> None:
    page = requests.get(f"{cloud.url}/terms", timeout=TIMEOUT)
    assert "<h1>Terms</h1>" in page.text
    assert "<script>alert" not in page.text
    assert 'href="javascript' not in page.text
    assert requests.get(f"{cloud.url}/imprint", timeout=TIMEOUT).status_code == 404
