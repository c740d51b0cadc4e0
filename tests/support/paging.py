"""Lists that the API returns in pages."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import requests
from falcon import testing
from requests.utils import parse_header_links

Response = TypeVar("Response", testing.Result, requests.Response)


def follow_pages(get: Callable[[str], Response], path: str) -> Iterator[Response]:
    """Yield the responses to `get(path)` and to the next pages, which are taken from `Link` headers."""
    while path:
        response = get(path)
        yield response
        links = parse_header_links(str(response.headers.get("link") or ""))
        path = next((link["url"] for link in links if link["rel"] == "next"), "")
