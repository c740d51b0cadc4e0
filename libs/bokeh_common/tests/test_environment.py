"""Invalid settings are rejected with their name, their value and what is valid."""

import runpy
from collections.abc import Callable
from typing import Any

import pytest

from bokeh_common.environment import (
    REDIS_SCHEMES,
    add_redis_login,
    read_bool,
    read_float,
    read_int,
    read_redis_url,
    read_url,
)
from bokeh_common.errors import Invalid
from bokeh_common.http.server.draining import drain_seconds
from bokeh_common.http.server.process_settings import min_bytes_per_second, request_seconds


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (lambda environ: read_bool(environ, "A"), "", False),
        (lambda environ: read_bool(environ, "A"), "0", False),
        (lambda environ: read_bool(environ, "A"), "Off", False),
        (lambda environ: read_bool(environ, "A"), "1", True),
        (lambda environ: read_bool(environ, "A"), "TRUE", True),
        (lambda environ: read_float(environ, "A", 1.5), "", 1.5),
        (lambda environ: read_float(environ, "A", 1.5), "0", 0.0),
        (lambda environ: read_float(environ, "A", 1.5), "1e6", 1e6),
        (lambda environ: read_int(environ, "A", 7, minimum=7), "", 7),
        (lambda environ: read_int(environ, "A", 7, minimum=5), "5", 5),
        (lambda environ: read_url(environ, "A", REDIS_SCHEMES), "", None),
        (lambda environ: read_url(environ, "A", REDIS_SCHEMES), "rediss://u:p@r:1/0", "rediss://u:p@r:1/0"),
    ],
)
def test_valid_settings_are_read(read: Callable[[dict[str, str]], Any], text: str, value: object) -> None:
    assert read({"A": text}) == value
    assert text or read({}) == value


@pytest.mark.parametrize("text", ["ja", "2", " ", "y"])
def test_invalid_booleans(text: str) -> None:
    with pytest.raises(Invalid, match=f"^A must be 1 or 0, not {text!r}.$"):
        read_bool({"A": text}, "A")


@pytest.mark.parametrize("text", ["soon", "nan", "inf", "-1", "0.5", "1e10", "1,5"])
def test_invalid_numbers(text: str) -> None:
    with pytest.raises(Invalid, match=f"^A must be a number from 1 to 1000000000, not {text!r}.$"):
        read_float({"A": text}, "A", 3, minimum=1)


@pytest.mark.parametrize("text", ["many", "-1", "4", "5.0", "1 GB"])
def test_invalid_integers(text: str) -> None:
    with pytest.raises(Invalid, match=f"^A must be an integer of at least 5, not {text!r}.$"):
        read_int({"A": text}, "A", 7, minimum=5)


@pytest.mark.parametrize(
    "text", ["secret", "http://secret", "redis://", "redis://[secret", "redis://secret:x"]
)
def test_invalid_urls_are_not_repeated(text: str) -> None:
    with pytest.raises(Invalid, match=r"^A must begin with redis:// or rediss://, and name a host\.$"):
        read_url({"A": text}, "A", REDIS_SCHEMES)


@pytest.mark.parametrize(
    ("read", "name", "text"),
    [
        (drain_seconds, "DRAIN_SECONDS", "nan"),
        (request_seconds, "REQUEST_SECONDS", "0"),
        (min_bytes_per_second, "SLOWEST", "0"),
    ],
)
def test_invalid_settings_of_workers(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[], float], name: str, text: str
) -> None:
    monkeypatch.setenv(f"BOKEH_CLOUD_{name}", text)
    with pytest.raises(Invalid, match=f"^BOKEH_CLOUD_{name} must be a number from . to .*, not {text!r}.$"):
        read()


@pytest.mark.parametrize("name", ["WORKERS", "THREADS", "GRACE_SECONDS", "DRAIN_SECONDS"])
def test_invalid_settings_of_gunicorn(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"BOKEH_CLOUD_{name}", "-1")
    with pytest.raises(Invalid, match=f"^BOKEH_CLOUD_{name} must be .*, not '-1'.$"):
        runpy.run_module("bokeh_common.http.server.gunicorn_config")


LOGIN = {"BOKEH_CLOUD_REDIS_LOGIN": "redis://data:secret@redis:6379"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://redis:6379/0", "redis://data:secret@redis:6379/0"),
        ("redis://redis/1?timeout=2", "redis://data:secret@redis/1?timeout=2"),
        ("rediss://REDIS:6379", "rediss://data:secret@REDIS:6379"),
        ("redis://redis:6380/0", "redis://redis:6380/0"),
        ("redis://mine.example.com:6379/0", "redis://mine.example.com:6379/0"),
        ("redis://redis.example.com:6379/0", "redis://redis.example.com:6379/0"),
        ("redis://:own@redis:6379/0", "redis://:own@redis:6379/0"),
    ],
)
def test_a_login_is_used_for_its_own_server_and_urls_without_credentials(url: str, expected: str) -> None:
    assert add_redis_login(LOGIN, url) == expected
    assert read_redis_url({**LOGIN, "BOKEH_CLOUD_REDIS_URL": url}) == expected
    assert add_redis_login({}, url) == url


def test_an_invalid_login_is_rejected_without_showing_it() -> None:
    with pytest.raises(Invalid, match=r"^BOKEH_CLOUD_REDIS_LOGIN must begin with") as caught:
        add_redis_login({"BOKEH_CLOUD_REDIS_LOGIN": "data:secret"}, "redis://redis")
    assert "secret" not in str(caught.value)
    assert read_redis_url(LOGIN) is None
