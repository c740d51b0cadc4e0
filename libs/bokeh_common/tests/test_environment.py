"""Invalid settings are rejected with their name, their value and what is valid."""

import runpy
from collections.abc import Callable
from typing import Any

import pytest

from bokeh_common.environment import REDIS_SCHEMES, read_bool, read_float, read_int, read_url
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
