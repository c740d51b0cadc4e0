"""An Azure account, then TLS, by their files over compose.yaml, started for real."""

import base64
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.compose.conftest import registered, seen_by
from tests.compose.engine import Compose, running
from tests.integration.test_api_spec.caller import Caller

OVER = "deploy/compose"


@pytest.fixture(scope="module")
def azure(engine: None) -> Iterator[Compose]:
    name, key = "mine", base64.b64encode(secrets.token_bytes(64)).decode()
    endpoint = f"BlobEndpoint=http://account:10000/{name};"
    connection = f"DefaultEndpointsProtocol=http;AccountName={name};AccountKey={key};{endpoint}"
    environ = {
        "ACCOUNT_NAME": name,
        "ACCOUNT_KEY": key,
        "AZURE_STORAGE_CONNECTION_STRING": connection,
        "BOKEH_CLOUD_STORAGE": "azure://of-ones-own",
    }
    files = ("compose.yaml", f"{OVER}/azure.yaml", "tests/compose/account.yaml")
    with running(Compose("bokeh-cloud-azure", files, environ)) as compose:
        yield compose


def test_an_azure_account_keeps_everything_and_tls_goes_over_it(
    azure: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = Caller(azure.url, "ada", registered(seen_by(azure), "ada"))
    plot = ada.plot("kept", 1.0, 2.0)
    scene = ada.ok("GET", f"/{{user}}/plots/{plot['id']}/scene")
    secure = over_tls(azure, tmp_path)
    secure.up("--remove-orphans")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificates/cert.pem"))
    ada = replace(ada, url=azure.url.replace("http:", "https:"))
    assert ada.ok("GET", f"/{{user}}/plots/{plot['id']}/scene") == scene
    assert ada("GET", "/internal/openapi.json").status_code == 404
    assert not secure.containers("maildev")


def over_tls(compose: Compose, folder: Path) -> Compose:
    """Return the same cloud with a certificate that is made for it."""
    certificates = folder / "certificates"
    certificates.mkdir(mode=0o755)
    certify(certificates)
    given = {
        "BOKEH_CLOUD_DOMAIN": "localhost",
        "BOKEH_CLOUD_SMTP_URL": "smtp://mail.example.com",
        "BOKEH_CLOUD_CERTIFICATES": str(certificates),
    }
    files = (f"{OVER}/tls.yaml", f"{OVER}/certificates.yaml", "tests/compose/port.yaml")
    return replace(compose, files=compose.files + files, environ={**compose.environ, **given})


def certify(folder: Path) -> None:
    """Make a certificate of localhost that signs itself."""
    how = "-newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    paths = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(["openssl", "req", "-x509", *how.split(), *paths], check=True, capture_output=True)
    for path in folder.iterdir():
        path.chmod(0o644)
