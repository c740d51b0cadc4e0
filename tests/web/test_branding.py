"""The operator's brand and pages."""

import re

import requests

from tests.support.users import TIMEOUT, RunningCloud


def test_brand_of_the_operator(cloud: RunningCloud) -> None:
    page = requests.get(cloud.url, timeout=TIMEOUT).text
    assert "<title>Plots &amp; Co</title>" in page
    assert "Bokeh Cloud" not in page
    [sheet] = re.findall(r'href="(/static/assets/site\.\w+\.css)"', page)
    style = requests.get(cloud.url + sheet, timeout=TIMEOUT)
    assert "#7a1fa2" in style.text
    assert "immutable" in style.headers["Cache-Control"]
    assert style.headers["Content-Encoding"] == "gzip"


def test_pages_of_the_operator(cloud: RunningCloud) -> None:
    page = requests.get(f"{cloud.url}/terms", timeout=TIMEOUT)
    assert "<h1>Terms</h1>" in page.text
    assert "<script>alert" not in page.text
    assert 'href="javascript' not in page.text
    assert requests.get(f"{cloud.url}/imprint", timeout=TIMEOUT).status_code == 404
