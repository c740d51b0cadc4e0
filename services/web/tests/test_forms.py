"""Reading of forms, and of JSON with the same fields."""

import asyncio
import json
from urllib.parse import urlencode

import falcon
import pytest
from falcon import testing
from falcon.asgi import Request

from bokeh_common.errors import Invalid
from bokeh_web.pages.forms import read_form
from bokeh_web.resources.schemas import PlotSelectionForm, RollbackForm

SELECTION = PlotSelectionForm(form_token="t", action="public", plots=["a", "b"], list_query="q=x")


def request(body: str, content_type: str = falcon.MEDIA_URLENCODED) -> Request:
    headers = {"Content-Type": content_type, "Content-Length": str(len(body))}
    return testing.create_asgi_req(method="POST", body=body.encode(), headers=headers)


def form(*fields: tuple[str, str]) -> Request:
    return request(urlencode(fields))


def test_form_and_json_are_read_alike() -> None:
    fields = [("form_token", "t"), ("action", "public"), ("list", "q=x"), ("plots", "a"), ("plots", "b")]
    values = {"form_token": "t", "action": "public", "list": "q=x", "plots": ["a", "b"]}
    assert asyncio.run(read_form(form(*fields), PlotSelectionForm)) == SELECTION
    assert (
        asyncio.run(read_form(request(json.dumps(values), falcon.MEDIA_JSON), PlotSelectionForm)) == SELECTION
    )


def test_lists_of_one_and_of_none() -> None:
    assert asyncio.run(read_form(form(("plots", "a")), PlotSelectionForm)).plots == ["a"]
    assert asyncio.run(read_form(request(""), PlotSelectionForm)).plots == []


def test_unknown_fields_are_ignored() -> None:
    fields = [("version", "2"), ("other", "x"), ("other", "y")]
    assert asyncio.run(read_form(form(*fields), RollbackForm)).version == 2


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("version=1&version=2", falcon.MEDIA_URLENCODED),
        ("version=0", falcon.MEDIA_URLENCODED),
        ("", falcon.MEDIA_URLENCODED),
        ('{"version": "x"}', falcon.MEDIA_JSON),
        ("[1]", falcon.MEDIA_JSON),
        ("version: 1", falcon.MEDIA_YAML),
    ],
)
def test_invalid_forms(body: str, content_type: str) -> None:
    with pytest.raises(Invalid):
        asyncio.run(read_form(request(body, content_type), RollbackForm))
