"""Keys, tokens and links are in no log at any level, in no address that we ask ourselves, in no error."""

import logging
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from bokeh_auth.credentials import new_secret
from bokeh_auth.links import LOGIN, REGISTER
from bokeh_common.errors import Unavailable
from tests.accounts import Cloud

SECRET = re.compile(r"bk[clopsv]_[\w.-]{8,}")


class Ears:
    """What there is to hear of a run."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.errors: list[str] = []

    def found(self, logs: str) -> list[str]:
        everything = "\n".join([*self.addresses, *self.errors, logs])
        return SECRET.findall(everything)


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch) -> Ears:
    ears, real = Ears(), requests.Session.send

    def send(self: Any, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        ears.addresses.append(str(request.url))
        return real(self, request, **how)

    monkeypatch.setattr(requests.Session, "send", send)
    return ears


@pytest.fixture
def cloud(storage: str, tmp_path: Path, ears: Ears, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    cloud = Cloud(storage, tmp_path / "outbox")
    ask = cloud.ask

    def asked(*args: Any, **how: Any) -> Any:
        answer = ask(*args, **how)
        if answer.status_code >= 400:
            ears.errors.append(f"{answer.headers} {answer.text}")
        return answer

    monkeypatch.setattr(cloud, "ask", asked)
    return cloud


def run(cloud: Cloud) -> list[str]:
    """Do everything that there is to do with secrets, right and wrong; return those that were used."""
    account = cloud.domain.accounts.get("ada")
    session = cloud.domain.sessions.start(account, "Firefox")
    register = cloud.domain.links.make(REGISTER, "carol@example.com", "carol")
    login = cloud.domain.links.make(LOGIN, "ada@example.com", "ada")
    for link in (register, login):
        for method in ("GET", "POST", "POST"):
            cloud.ask(method, f"/login/{link}", None, json={})
    cloud.ask("POST", "/register", None, json={"email": "dora@example.com", "username": "dora"})
    made = cloud.ask("POST", "/ada/keys", session, json={"name": "x"})
    key = str(made.json["key"])
    plot = cloud.publish("ada", key, "one")
    cloud.upload("ada", key, b"12345678")
    shared = cloud.ask("POST", f"/ada/plots/{plot}/shares", key, json={}).json
    share = shared["show"].partition("=")[2]
    embed = cloud.ask("GET", shared["embed"], None)
    [view] = set(re.findall(r"bkv_[\w.-]+", embed.text))
    used = [session, register, login, key, share, view]
    for token in [*used, *(new_secret(f"bk{kind}_") for kind in "clops"), f"{view}x"]:
        for path in ("/ada/plots", "/ada/keys", f"/plots/{plot}/show", f"/login/{token}", f"/{token}/plots"):
            cloud.ask("GET", path, token)
            cloud.ask("POST", path, token, body=b"{", headers={"Content-Type": "application/json"})
        cloud.ask("GET", f"/plots/{plot}/show?share={token}", None)
        cloud.ask("GET", f"/plots/{'a' * 16}/embed?share={token}", None)
        cloud.ask("GET", "/whoami", None, headers={"Authorization": f"Basic {token}"})
        cloud.ask("GET", "/account", None, headers={"Cookie": f"bokeh_cloud={token}"})
    cloud.ask("GET", "/ada/account/export", session)
    return used


def test_a_run_in_which_everything_works(cloud: Cloud, ears: Ears, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        run(cloud)
    assert len(ears.addresses) > 100
    assert len(ears.errors) > 50
    assert '"keys.make"' in caplog.text
    assert ears.found(caplog.text) == []
    assert "@example.com" not in caplog.text


@pytest.mark.parametrize("error", [Unavailable("the store is down"), ZeroDivisionError("a fault of ours")])
def test_a_run_in_which_the_storage_fails(
    cloud: Cloud,
    ears: Ears,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    used = run(cloud)
    with caplog.at_level(logging.DEBUG):
        for method in ("credential_of", "link", "account"):
            with monkeypatch.context() as patch:

                def fails(*args: Any) -> None:
                    raise error

                patch.setattr(f"bokeh_auth.records.Records.{method}", fails)
                for token in used:
                    cloud.ask("GET", "/ada/plots", token)
                    cloud.ask("GET", f"/login/{token}", None)
                    cloud.ask("POST", f"/login/{token}", None, json={})
                    cloud.ask("GET", f"/plots/{'a' * 16}/show?share={token}", None)
    assert [text for text in ears.errors if '"status": 50' in text]
    assert ears.found(caplog.text) == []


def test_this_test_hears_what_it_should(ears: Ears, caplog: pytest.LogCaptureFixture) -> None:
    secret = new_secret("bkp_")
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("somewhere").debug("a slip: %s", secret)
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://127.0.0.1:9/{secret}", timeout=1)
    assert ears.found(caplog.text).count(secret) >= 2


def test_settings_do_not_show_secrets() -> None:
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
