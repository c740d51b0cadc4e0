"""A cloud at a domain, with certificates of Caddy's own authority, and with a given certificate."""

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser

from tests.compose.chromium_check import check_in_chromium, publish_and_check
from tests.compose.conftest import register_user
from tests.compose.engine import Compose
from tests.compose.maildev import Maildev
from tests.support.chromium import DOMAIN
from tests.support.ports import free_port
from tests.support.users import RunningCloud

ROOT_CERTIFICATE = "/data/caddy/pki/authorities/local/root.crt"
FOLDER = "deploy/compose"

#: Some requests do not verify certificates, since they test other things.
pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")


@dataclass(frozen=True)
class TlsCloud:
    """A cloud behind TLS.

    Attributes:
        compose: its containers.
        url: its URL with TLS.
        plain: its URL without TLS.
        mailbox: the URL of its maildev.
    """

    compose: Compose
    url: str
    plain: str
    mailbox: str


@pytest.fixture(scope="module")
def secure(observed: Compose) -> Iterator[TlsCloud]:
    """The cloud of the other checks, reconfigured to be at a domain."""
    plain, mailbox = free_port(), free_port()
    settings = {
        "BOKEH_CLOUD_DOMAIN": f"{DOMAIN}:{observed.port}",
        "BOKEH_CLOUD_SMTP_URL": "smtp://mail.example.com:1025",
        "BOKEH_CLOUD_GATEWAY_TLS": "tls internal",
        "PLAIN_PORT": str(plain),
        "MAIL_PORT": str(mailbox),
    }
    files = (*observed.files, f"{FOLDER}/tls.yaml", "tests/compose/domain.yaml")
    compose = replace(observed, files=files, environ={**observed.environ, **settings})
    compose.up("--remove-orphans")
    urls = (
        f"https://{DOMAIN}:{compose.port}",
        f"http://{DOMAIN}:{plain}",
        f"http://localhost:{mailbox}",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", with_domain(socket.getaddrinfo))
        yield TlsCloud(compose, *urls)


def with_domain(getaddrinfo: Any) -> Any:
    """Return a `getaddrinfo` that resolves the domain to loopback."""
    return lambda host, *args, **options: getaddrinfo(
        "127.0.0.1" if host == DOMAIN else host, *args, **options
    )


def trust(path: Path, patch: pytest.MonkeyPatch) -> None:
    """Let clients trust a single certificate authority."""
    for name in ("REQUESTS_CA_BUNDLE", "BOKEH_CLOUD_CA_BUNDLE"):
        patch.setenv(name, str(path))


def create_certificate(folder: Path) -> None:
    """Create a self-signed certificate of the domain."""
    options = f"-newkey rsa:2048 -nodes -days 2 -subj /CN={DOMAIN} -addext subjectAltName=DNS:{DOMAIN}"
    paths = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(["openssl", "req", "-x509", *options.split(), *paths], check=True, capture_output=True)
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)


def test_a_domain_has_a_certificate_of_caddys_authority_or_a_given_one(
    secure: TlsCloud, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root.pem"
    root.write_text(secure.compose("exec", "-T", "gateway", "cat", ROOT_CERTIFICATE))
    trust(root, monkeypatch)
    key = register_user(RunningCloud(secure.url, Maildev(secure.mailbox)), "tess")
    plot = publish_and_check(secure.url, key, browser, ignore_https_errors=True)

    certificates = tmp_path / "certificates"
    certificates.mkdir()
    create_certificate(certificates)
    compose = replace(
        secure.compose,
        files=(*secure.compose.files, f"{FOLDER}/certificates.yaml"),
        environ={**secure.compose.environ, "BOKEH_CLOUD_CERTIFICATES": str(certificates)},
    )
    compose.up()
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(plot, timeout=30)
    trust(certificates / "cert.pem", monkeypatch)
    assert requests.get(plot, timeout=30).status_code == 200
    check_in_chromium(plot, browser, ignore_https_errors=True)


def test_plain_http_redirects_to_tls(secure: TlsCloud) -> None:
    response = requests.get(f"{secure.plain}/plots", timeout=30, allow_redirects=False)
    assert (response.status_code, response.headers["Location"]) == (308, f"{secure.url}/plots")


def test_mail_and_monitoring_are_not_reachable_from_outside(secure: TlsCloud) -> None:
    for host in ("mail.localhost", "grafana.localhost", "traces.localhost"):
        for url in (secure.url, secure.plain):
            response = requests.get(
                url, headers={"Host": host}, timeout=30, verify=False, allow_redirects=False
            )
            assert response.text == "", (url, host)


def test_internal_routes_are_not_reachable(secure: TlsCloud) -> None:
    response = requests.get(f"{secure.url}/internal/auth/introspection", timeout=30, verify=False)
    assert response.status_code == 404
