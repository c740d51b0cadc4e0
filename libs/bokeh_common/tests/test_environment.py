"""Settings that make no sense are refused, by their name, with what they are and what they may be."""

import runpy
from collections.abc import Callable
from typing import Any

import pytest

from bokeh_common.environment import REDIS, address, flag, number, whole
from bokeh_common.errors import Invalid
from bokeh_common.http.draining import drain_seconds
from bokeh_common.http.receiving import patience_seconds, slowest


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (lambda environ: flag(environ, "A"), "", False),
        (lambda environ: flag(environ, "A"), "0", False),
        (lambda environ: flag(environ, "A"), "Off", False),
        (lambda environ: flag(environ, "A"), "1", True),
        (lambda environ: flag(environ, "A"), "TRUE", True),
        (lambda environ: number(environ, "A", 1.5), "", 1.5),
        (lambda environ: number(environ, "A", 1.5), "0", 0.0),
        (lambda environ: number(environ, "A", 1.5), "1e6", 1e6),
        (lambda environ: whole(environ, "A", 7, least=7), "", 7),
        (lambda environ: whole(environ, "A", 7, least=5), "5", 5),
        (lambda environ: address(environ, "A", REDIS), "", None),
        (lambda environ: address(environ, "A", REDIS), "rediss://u:p@r:1/0", "rediss://u:p@r:1/0"),
    ],
)
def test_what_is_read(read: Callable[[dict[str, str]], Any], text: str, value: object) -> None:
    assert read({"A": text}) == value
    assert text or read({}) == value


@pytest.mark.parametrize("text", ["ja", "2", " ", "y"])
def test_switches(text: str) -> None:
    with pytest.raises(Invalid, match=f"^A must be 1 or 0, not {text!r}.$"):
        flag({"A": text}, "A")


@pytest.mark.parametrize("text", ["soon", "nan", "inf", "-1", "0.5", "1e10", "1,5"])
def test_numbers(text: str) -> None:
    with pytest.raises(Invalid, match=f"^A must be a number from 1 to 1000000000, not {text!r}.$"):
        number({"A": text}, "A", 3, least=1)


@pytest.mark.parametrize("text", ["many", "-1", "4", "5.0", "1 GB"])
def test_whole_numbers(text: str) -> None:
    with pytest.raises(Invalid, match=f"^A must be a whole number from 5 on, not {text!r}.$"):
        whole({"A": text}, "A", 7, least=5)


@pytest.mark.parametrize(
    "text", ["secret", "http://secret", "redis://", "redis://[secret", "redis://secret:x"]
)
def test_addresses(text: str) -> None:
    with pytest.raises(Invalid, match=r"^A must begin with redis:// or rediss://, and name a host\.$"):
        address({"A": text}, "A", REDIS)


@pytest.mark.parametrize(
    ("read", "name", "text"),
    [
        (drain_seconds, "DRAIN_SECONDS", "nan"),
        (patience_seconds, "REQUEST_SECONDS", "0"),
        (slowest, "SLOWEST", "0"),
    ],
)
def test_what_workers_read(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[], float], name: str, text: str
) -> None:
    monkeypatch.setenv(f"BOKEH_CLOUD_{name}", text)
    with pytest.raises(Invalid, match=f"^BOKEH_CLOUD_{name} must be a number from . to .*, not {text!r}.$"):
        read()


@pytest.mark.parametrize("name", ["WORKERS", "THREADS", "GRACE_SECONDS", "DRAIN_SECONDS"])
def test_what_gunicorn_is_told(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"BOKEH_CLOUD_{name}", "-1")
    with pytest.raises(Invalid, match=f"^BOKEH_CLOUD_{name} must be .*, not '-1'.$"):
        runpy.run_module("bokeh_common.http.serving")
