"""Secrets are redacted in logs, in any encoding."""

import io
import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from bokeh_common.logs import create_formatter
from bokeh_common.redaction import RedactingFormatter, redact

BODY = "0123456789abcdefghijABCDEFGHIJ01234567"


def encodings(secret: str) -> Iterator[str]:
    """Yield what a secret looks like in URLs, JSON, HTML and representations."""
    yield secret
    yield secret.upper()[:4] + secret[4:]
    once = secret.replace("_", "%5f")
    yield once
    yield secret.replace("_", "%5F").replace("a", "%61")
    yield "".join(f"%{ord(character):02x}" for character in secret)
    for _ in range(3):
        once = quote(once)
        yield once
    yield "".join(f"\\u{ord(character):04x}" for character in secret)
    yield "".join(f"\\x{ord(character):02x}" for character in secret)
    yield json.dumps(secret.replace("_", "\\u005f"))
    yield secret.replace("_", "&#x5f;")


@pytest.mark.parametrize("prefix", ["bkp_", "bkl_", "bkv_", "bks_", "bkc_", "bko_", "bkx_"])
def test_secrets_are_redacted_in_any_encoding(prefix: str) -> None:
    for written in encodings(prefix + BODY):
        for text in (
            written,
            f"GET /plots/x/show?share={written}&b=2 failed",
            f"Referer: http://x/{written}/y",
        ):
            found = redact(text)
            assert "REDACTED" in found
            assert "ghij" not in found
            assert "%67%68" not in found
            assert "g\\x" not in found
            assert ("b=2" in found) == ("b=2" in text)


@pytest.mark.parametrize("text", ["bookkeeping_of_everything", "bkp_...", "bk_p12345678", "backup_12345678"])
def test_other_text_is_unchanged(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("kind", ["json", "text"])
def test_tracebacks_are_redacted(kind: str) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(create_formatter(kind))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    try:
        raise KeyError(f"bkp_{BODY}")  # noqa: TRY301  # for its traceback
    except KeyError as error:
        logger.exception("no %s", f"bkl%5f{BODY}", extra={"fields": {"path": f"/bkv_{BODY}"}}, exc_info=error)
    assert stream.getvalue().count("REDACTED") == 2 + (kind == "json")
    assert "ghij" not in stream.getvalue()


def test_redaction_takes_linear_time() -> None:
    for part in ("%25", "bkp_", "b", "%62", "\\x62\\", "bkp_%25", "&#x00"):
        start = time.perf_counter()
        redact(part * (200_000 // len(part)))
        assert time.perf_counter() - start < 2, part


def test_all_handlers_and_uncaught_errors_are_redacted() -> None:
    program = f"""
import logging, threading
from bokeh_common.redaction import redact_logs
logging.getLogger("gunicorn.access").addHandler(logging.StreamHandler())
redact_logs()
logging.getLogger("gunicorn.access").warning("GET /bkl_{BODY}")
logging.getLogger("other").warning("last resort bkc_{BODY}")
thread = threading.Thread(target=lambda: {{}}["bkp_{BODY}"])
thread.start()
thread.join()
raise ValueError("bko_{BODY}")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.count("REDACTED") >= 4
    assert "ghij" not in "".join(line for line in done.stderr.splitlines() if "File" not in line)


def test_formatters_are_wrapped() -> None:
    assert isinstance(create_formatter("json"), RedactingFormatter)
