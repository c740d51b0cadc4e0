"""A cloud at a domain, by its files over compose.yaml: by Caddy's own authority, and by a certificate."""

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser

from tests.browser.chromium import DOMAIN
from tests.compose.conftest import registered
from tests.compose.engine import Compose
from tests.compose.maildev import Maildev
from tests.compose.seen import look, published
from tests.conftest import free_port
from tests.integration.people import Cloud

ROOT_CERTIFICATE = "/data/caddy/pki/authorities/local/root.crt"
OVER = "deploy/compose"

#: What is asked without looking at certificates is not about them.
pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")


@dataclass(frozen=True)
class Secure:
    """A cloud behind TLS."""

    compose: Compose
    url: str
    plain: str
    mailbox: str


@pytest.fixture(scope="module")
def secure(observed: Compose) -> Iterator[Secure]:
    """The cloud of the other checks, at a domain from now on."""
    plain, mailbox = free_port(), free_port()
    given = {
        "BOKEH_CLOUD_DOMAIN": f"{DOMAIN}:{observed.port}",
        "BOKEH_CLOUD_SMTP_URL": "smtp://mail.example.com:1025",
        "BOKEH_CLOUD_GATEWAY_TLS": "tls internal",
        "PLAIN_PORT": str(plain),
        "MAIL_PORT": str(mailbox),
    }
    files = (*observed.files, f"{OVER}/tls.yaml", "tests/compose/domain.yaml")
    compose = replace(observed, files=files, environ={**observed.environ, **given})
    compose.up("--remove-orphans")
    addresses = (
        f"https://{DOMAIN}:{compose.port}",
        f"http://{DOMAIN}:{plain}",
        f"http://localhost:{mailbox}",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolving(socket.getaddrinfo))
        yield Secure(compose, *addresses)


def resolving(ask: Any) -> Any:
    """Return what finds addresses, and knows the domain."""
    return lambda host, *args, **how: ask("127.0.0.1" if host == DOMAIN else host, *args, **how)


def trust(path: Path, patch: pytest.MonkeyPatch) -> None:
    """Let programs trust one authority alone."""
    for name in ("REQUESTS_CA_BUNDLE", "BOKEH_CLOUD_CA_BUNDLE"):
        patch.setenv(name, str(path))


def certify(folder: Path) -> None:
    """Make a certificate of the domain that signs itself."""
    how = f"-newkey rsa:2048 -nodes -days 2 -subj /CN={DOMAIN} -addext subjectAltName=DNS:{DOMAIN}"
    paths = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(["openssl", "req", "-x509", *how.split(), *paths], check=True, capture_output=True)
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)


def test_a_domain_is_served_by_caddys_authority_then_by_ones_own_certificate(
    secure: Secure, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root.pem"
    root.write_text(secure.compose("exec", "-T", "gateway", "cat", ROOT_CERTIFICATE))
    trust(root, monkeypatch)
    key = registered(Cloud(secure.url, Maildev(secure.mailbox)), "tess")
    plot = published(secure.url, key, browser, ignore_https_errors=True)

    certificates = tmp_path / "certificates"
    certificates.mkdir()
    certify(certificates)
    compose = replace(
        secure.compose,
        files=(*secure.compose.files, f"{OVER}/certificates.yaml"),
        environ={**secure.compose.environ, "BOKEH_CLOUD_CERTIFICATES": str(certificates)},
    )
    compose.up()
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(plot, timeout=30)
    trust(certificates / "cert.pem", monkeypatch)
    assert requests.get(plot, timeout=30).status_code == 200
    look(plot, browser, ignore_https_errors=True)


def test_plain_http_leads_to_tls_alone(secure: Secure) -> None:
    answer = requests.get(f"{secure.plain}/plots", timeout=30, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (308, f"{secure.url}/plots")


def test_nobody_outside_reads_mail_or_what_is_observed(secure: Secure) -> None:
    for host in ("mail.localhost", "grafana.localhost", "traces.localhost"):
        for url in (secure.url, secure.plain):
            answer = requests.get(
                url, headers={"Host": host}, timeout=30, verify=False, allow_redirects=False
            )
            assert answer.text == "", (url, host)


def test_internal_is_not_there(secure: Secure) -> None:
    answer = requests.get(f"{secure.url}/internal/auth/introspection", timeout=30, verify=False)
    assert answer.status_code == 404
