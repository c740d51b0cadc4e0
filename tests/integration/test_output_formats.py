"""A format that is added to the registry is available in the API, its description, pages and the client."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from bokeh.plotting import figure

import bokeh_cloud
from bokeh_cloud_server.embedded import create_app
from bokeh_data.queries import output_formats
from bokeh_data.queries.output_formats import OutputFormat
from bokeh_data.queries.query import QueryResult
from bokeh_data.queries.writers import WrittenRows
from tests.client.command import output_of
from tests.support.server_in_thread import serve_in_thread

MEDIA_TYPE = "text/x-names"
TIMEOUT = 60  # seconds


def write_names(result: QueryResult) -> WrittenRows:
    """Write the names of the columns."""
    return WrittenRows(iter([",".join(result.prototype).encode()]))


NAMES = OutputFormat("names", MEDIA_TYPE, "names", "Names of columns", "visitors", write_names)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of a cloud in this process, to whose registry a format was added."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output_formats, "OUTPUT_FORMATS", (*output_formats.OUTPUT_FORMATS, NAMES))
        app = create_app(f"local://{tmp_path_factory.mktemp('cloud')}")
        with serve_in_thread(app) as url:
            yield url


@pytest.fixture(scope="module")
def source(url: str) -> str:
    """Return the id of a data source with the columns x and y."""
    return str(bokeh_cloud.Server(url).DataSource("walk", x=[1, 2], y=[0.5, 1.5]).source_id)


def get(url: str, path: str, **headers: str) -> requests.Response:
    return requests.get(f"{url}{path}", headers=headers, timeout=TIMEOUT)


def test_the_api_sends_it_by_extension_and_media_type(url: str, source: str) -> None:
    by_extension = get(url, f"/local/data/{source}.names")
    by_media_type = get(url, f"/local/data/{source}?full", Accept=MEDIA_TYPE)
    for response in (by_extension, by_media_type):
        assert (response.text, response.headers["Content-Type"]) == ("x,y", MEDIA_TYPE)


def test_errors_list_it(url: str, source: str) -> None:
    assert ".names" in get(url, f"/local/data/{source}.xls").json()["detail"]


def test_the_description_has_it(url: str) -> None:
    paths = get(url, "/openapi.json").json()["paths"]
    operation = paths["/{user}/data/{source}"]["get"]
    assert MEDIA_TYPE in operation["responses"]["200"]["content"]
    assert "`.names`" in operation["description"]
    for path in ("/data/{source}/download/{form}", "/plots/{plot}/data/{source}/{form}"):
        assert MEDIA_TYPE in paths[path]["get"]["responses"]["200"]["content"], path


def test_pages_offer_it(url: str, source: str) -> None:
    plot = figure()
    plot.line([1, 2], [3, 4])
    published = bokeh_cloud.Server(url).publish(plot, name="line")
    links = {}
    for page in (f"/data/{source}", f"/plots/{published.id}/show"):
        text = get(url, page, Accept="text/html").text
        links[page] = re.findall(
            r'href="([^"]*/names[^"]*)"[^>]*>(?:<svg.*?</svg>)?([^<]*)<', text, re.DOTALL
        )
        [(link, label)] = links[page]
        assert label == NAMES.label
        response = get(url, link.replace("&amp;", "&"))
        assert response.text.split(",")[0] == "x"
        assert response.headers["Content-Type"] == MEDIA_TYPE
        assert ".names" in response.headers["Content-Disposition"]


def test_the_client_writes_it(url: str, source: str, tmp_path: Path) -> None:
    output_of("data", "get", source, "walk.names", "--url", url, cwd=tmp_path)
    assert (tmp_path / "walk.names").read_text() == "x,y"
    assert output_of("data", "get", source, "--format", "names", "--url", url, cwd=tmp_path) == "x,y"
    assert ".names" in output_of("data", "get", source, "walk.xls", "--url", url, code=3, cwd=tmp_path)
    assert json.loads(output_of("data", "get", source, "--format", "json", "--url", url))["rows"] == 2
