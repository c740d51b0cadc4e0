"""Other clouds, by files over compose.yaml, started for real: Redis alone, an Azure account, TLS."""

import base64
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.compose.check_readme import follow
from tests.compose.conftest import registered
from tests.compose.engine import Compose
from tests.compose.maildev import Maildev
from tests.integration.people import Cloud
from tests.integration.test_api_spec.caller import Caller

OVER = "deploy/compose"


@contextmanager
def running(compose: Compose) -> Iterator[Compose]:
    """Start a cloud, and end it with all that it kept."""
    compose.down()
    try:
        compose.up()
        yield compose
    finally:
        compose.down()


def seen_by(compose: Compose) -> Cloud:
    """Return a cloud as people see it."""
    return Cloud(compose.url, Maildev(compose.url))


@pytest.fixture(scope="module")
def redis(engine: None) -> Iterator[Compose]:
    with running(Compose("bokeh-cloud-redis", ("compose.yaml", f"{OVER}/redis.yaml"))) as compose:
        yield compose


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


def test_the_readme_leads_to_a_plot_with_redis_alone(
    redis: Compose, browser: Browser, tmp_path: Path
) -> None:
    follow(redis, seen_by(redis), browser, tmp_path)


def test_a_backup_brings_everything_back(redis: Compose, tmp_path: Path) -> None:
    ada = Caller(redis.url, "ada", registered(seen_by(redis), "ada"))
    plot = ada.plot("kept", 1.0, 2.0)
    scene = ada.ok("GET", f"/{{user}}/plots/{plot['id']}/scene")
    if not os.environ.get("COMPOSE_NO_BUILD"):
        redis("build", "--quiet", "operator")
    backup = tmp_path / "backup"
    backup.mkdir()
    backup.chmod(0o777)

    def copy(*urls: str) -> None:
        redis("run", "--rm", "--volume", f"{backup}:/backup", "operator", "storage", "copy", *urls)

    copy("redis://redis:6379/1", "local:///backup/cloud")
    redis("exec", "redis", "redis-cli", "-n", "1", "flushdb")
    assert ada("GET", f"/{{user}}/plots/{plot['id']}/scene").status_code in {401, 404}
    copy("local:///backup/cloud", "redis://redis:6379/1")
    assert "nothing is wrong" in redis("run", "--rm", "operator", "admin", "fsck")
    assert ada.ok("GET", f"/{{user}}/plots/{plot['id']}/scene") == scene


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
