"""API keys, tokens and links are in no log at any level, in no requested URL and in no error response."""

import asyncio
import logging
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from bokeh_auth.credentials.one_time_links import LOGIN, REGISTER
from bokeh_auth.credentials.secret import new_secret
from bokeh_common.errors import Unavailable
from tests.support.account_cloud import AccountCloud

SECRET = re.compile(r"bk[clopsv]_[\w.-]{8,}")


class SecretDetector:
    """The requested URLs and error responses of a test, which are searched for secrets."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self.errors: list[str] = []

    def find(self, logs: str) -> list[str]:
        """Return all secrets in URLs, error responses and logs."""
        return SECRET.findall("\n".join([*self.urls, *self.errors, logs]))


@pytest.fixture
def detector(monkeypatch: pytest.MonkeyPatch) -> SecretDetector:
    detector, original = SecretDetector(), httpx.AsyncClient.send

    async def send(self: Any, request: httpx.Request, **options: Any) -> httpx.Response:
        detector.urls.append(str(request.url))
        return await original(self, request, **options)

    monkeypatch.setattr(httpx.AsyncClient, "send", send)
    return detector


@pytest.fixture
def cloud(
    storage: str, tmp_path: Path, detector: SecretDetector, monkeypatch: pytest.MonkeyPatch
) -> AccountCloud:
    cloud = AccountCloud(storage, tmp_path / "outbox")
    original = cloud.request

    def request(*args: Any, **options: Any) -> Any:
        response = original(*args, **options)
        if response.status_code >= 400:
            detector.errors.append(f"{response.headers} {response.text}")
        return response

    monkeypatch.setattr(cloud, "request", request)
    return cloud


def use_secrets(cloud: AccountCloud) -> list[str]:
    """Send all kinds of requests with secrets, valid and invalid ones; return the valid secrets."""
    account = cloud.domain.accounts.get("ada")
    session = cloud.domain.sessions.start(account, "Firefox")
    register = cloud.domain.links.create(REGISTER, "carol@example.com", "carol")
    login = cloud.domain.links.create(LOGIN, "ada@example.com", "ada")
    for link in (register, login):
        for method in ("GET", "POST", "POST"):
            cloud.request(method, f"/login/{link}", None, json={})
    cloud.request("POST", "/register", None, json={"email": "dora@example.com", "username": "dora"})
    made = cloud.request("POST", "/ada/keys", session, json={"name": "x"})
    key = str(made.json["key"])
    plot = cloud.publish("ada", key, "one")
    cloud.upload("ada", key, b"12345678")
    shared = cloud.request("POST", f"/ada/plots/{plot}/shares", key, json={}).json
    share = shared["show"].partition("=")[2]
    embed = cloud.request("GET", shared["embed"], None)
    [view] = set(re.findall(r"bkv_[\w.-]+", embed.text))
    used = [session, register, login, key, share, view]
    for token in [*used, *(new_secret(f"bk{kind}_") for kind in "clops"), f"{view}x"]:
        for path in ("/ada/plots", "/ada/keys", f"/plots/{plot}/show", f"/login/{token}", f"/{token}/plots"):
            cloud.request("GET", path, token)
            cloud.request("POST", path, token, body=b"{", headers={"Content-Type": "application/json"})
        cloud.request("GET", f"/plots/{plot}/show?share={token}", None)
        cloud.request("GET", f"/plots/{'a' * 16}/embed?share={token}", None)
        cloud.request("GET", "/whoami", None, headers={"Authorization": f"Basic {token}"})
        cloud.request("GET", "/account", None, headers={"Cookie": f"bokeh_cloud={token}"})
    cloud.request("GET", "/ada/account/export", session)
    return used


def test_successful_and_rejected_requests_leak_no_secrets(
    cloud: AccountCloud, detector: SecretDetector, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        use_secrets(cloud)
    assert len(detector.urls) > 100
    assert len(detector.errors) > 50
    assert '"keys.make"' in caplog.text
    assert detector.find(caplog.text) == []
    assert "@example.com" not in caplog.text


@pytest.mark.parametrize("error", [Unavailable("the store is down"), ZeroDivisionError("a bug")])
def test_failing_requests_leak_no_secrets(
    cloud: AccountCloud,
    detector: SecretDetector,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    secrets = use_secrets(cloud)
    with caplog.at_level(logging.DEBUG):
        for method in ("credential_of", "link", "account"):
            with monkeypatch.context() as patch:

                def fail(*args: Any) -> None:
                    raise error

                patch.setattr(f"bokeh_auth.repository.AuthRepository.{method}", fail)
                for token in secrets:
                    cloud.request("GET", "/ada/plots", token)
                    cloud.request("GET", f"/login/{token}", None)
                    cloud.request("POST", f"/login/{token}", None, json={})
                    cloud.request("GET", f"/plots/{'a' * 16}/show?share={token}", None)
    assert [text for text in detector.errors if '"status": 50' in text]
    assert detector.find(caplog.text) == []


def test_the_detector_finds_leaked_secrets(
    detector: SecretDetector, caplog: pytest.LogCaptureFixture
) -> None:
    secret = new_secret("bkp_")
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("somewhere").debug("leaked: %s", secret)
        with pytest.raises(httpx.ConnectError):
            asyncio.run(httpx.AsyncClient(trust_env=False).get(f"http://127.0.0.1:9/{secret}", timeout=1))
    assert detector.find(caplog.text).count(secret) >= 2


def test_the_representation_of_settings_hides_secrets() -> None:
    import bokeh_auth.settings
    import bokeh_data.settings
    import bokeh_gc.settings
    import bokeh_plots.settings
    import bokeh_web.settings

    token = new_secret("bks_")
    environ = {
        "BOKEH_CLOUD_STORAGE": "redis://:hunter2@redis:6379/0",
        "BOKEH_CLOUD_SMTP_URL": "smtps://user:hunter2@mail.example.com",
        "BOKEH_CLOUD_REDIS_URL": "redis://:hunter2@redis:6379",
        "BOKEH_CLOUD_SERVICE_TOKEN": token,
        "BOKEH_CLOUD_SERVICE_TOKENS": f"data={token}",
    }
    for settings in (
        bokeh_auth.settings.Settings,
        bokeh_data.settings.Settings,
        bokeh_gc.settings.Settings,
        bokeh_plots.settings.Settings,
        bokeh_web.settings.Settings,
    ):
        shown = repr(settings.from_env(environ))
        assert "hunter2" not in shown
        assert token not in shown
