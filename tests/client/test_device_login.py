"""Logging in without copying a key: the device authorization grant (RFC 8628)."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bokeh_cloud import Cloud, NotPermitted, Server, device_login
from bokeh_cloud.device_login import GRANT_TYPE
from tests.support.users import RunningCloud, User


@pytest.fixture(scope="module")
def user(accounts: RunningCloud) -> User:
    user = User(accounts, "devices")
    user.register()
    return user


@pytest.fixture(autouse=True)
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOKEH_CLOUD_BROWSER", "no")


def ask(cloud: RunningCloud, **fields: str) -> dict[str, Any]:
    body = {"client_id": "a notebook", "machine": "lab-3", **fields}
    response = cloud.request("POST", "/login/device/code", data=body)
    assert response.status_code == 200, response.text
    return dict(response.json())


def poll(cloud: RunningCloud, codes: dict[str, Any]) -> dict[str, Any]:
    body = {"grant_type": GRANT_TYPE, "device_code": codes["device_code"]}
    return dict(cloud.request("POST", "/login/device/token", data=body).json())


def answer(user: User, code: str, word: str) -> str:
    page = user.get(f"/login/device?code={code}").text
    token = user.form_token()
    form = {"form_token": token, "code": code, "answer": word}
    assert user.post("/login/device", form).status_code == 200
    return page


@pytest.fixture
def answering(user: User, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that sets what the user answers while the client sleeps."""
    begin = device_login.DeviceLogin.begin

    def set_answer(word: str) -> None:
        def begin_and_remember(*how: Any) -> Any:
            login = begin(*how)
            assert login is not None
            code = login.codes["user_code"]
            monkeypatch.setattr("bokeh_cloud.device_login.time.sleep", lambda _: answer(user, code, word))
            return login

        monkeypatch.setattr(device_login.DeviceLogin, "begin", begin_and_remember)

    return set_answer


def test_a_notebook_logs_in_and_keeps_the_key(
    user: User, accounts: RunningCloud, answering: Callable[[str], None], config_dir: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("BOKEH_CLOUD_URL", accounts.url)
    answering("allow")
    cloud = Cloud(accounts.url).login()
    assert cloud.user_id == "devices"
    assert set(cloud.whoami()["scopes"]) == {
        "plots:read",
        "plots:write",
        "data:read",
        "data:write",
        "account",
    }
    printed = capsys.readouterr().err
    assert f"Open {accounts.url}/login/device\n" in printed
    assert "bkp_" not in printed
    assert "username = devices" in (config_dir / "cloud.cfg").read_text()
    assert Server(accounts.url).user_id == "devices"


def test_a_login_that_is_denied(
    accounts: RunningCloud, answering: Callable[[str], None], config_dir: Path
) -> None:
    answering("deny")
    with pytest.raises(NotPermitted, match="did not allow"):
        Cloud(accounts.url).login()
    assert not (config_dir / "cloud.cfg").exists()


def test_a_server_without_accounts_needs_no_login(cloud: str) -> None:
    assert Cloud(cloud).login().user_id == "local"


def test_codes_work_once_and_the_page_says_who_asks_for_what(user: User, accounts: RunningCloud) -> None:
    codes = ask(accounts, scope="plots:read keys:write", days="7")
    assert re.fullmatch(r"[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}", codes["user_code"])
    assert codes["expires_in"] == 600
    assert poll(accounts, codes)["error"] == "authorization_pending"
    assert poll(accounts, codes)["error"] == "slow_down"
    page = answer(user, codes["user_code"].lower().replace("-", ""), "allow")
    for text in ("a notebook", "lab-3", "7 days", "See your plots", "Create and revoke API keys", "deny it"):
        assert text in page
    assert "Publish, change" not in page
    assert "There is no program with this code" in user.get(f"/login/device?code={codes['user_code']}").text
    granted = poll(accounts, codes)
    assert (granted["token_type"], granted["scope"]) == ("bearer", "plots:read keys:write")
    assert granted["expires_in"] == 7 * 24 * 3600
    assert poll(accounts, codes)["error"] == "expired_token"
    [key] = [
        key for key in Server(accounts.url, granted["access_token"]).keys if key.name == "a notebook on lab-3"
    ]
    assert key.expires is not None


def test_visitors_and_other_sites_cannot_answer(user: User, accounts: RunningCloud) -> None:
    codes = ask(accounts)
    stranger = User(accounts, "stranger")
    assert "Sign in" in stranger.get(f"/login/device?code={codes['user_code']}").text
    assert "a notebook" not in stranger.get(f"/login/device?code={codes['user_code']}").text
    form = {"code": codes["user_code"], "answer": "allow"}
    assert stranger.post("/login/device", form).status_code in (303, 401, 403)
    assert user.post("/login/device", form).status_code == 403
    assert poll(accounts, codes)["error"] == "authorization_pending"


@pytest.mark.parametrize(
    "fields", [{"scope": "everything"}, {"days": "366"}, {"client_id": ""}, {"machine": "x" * 61}]
)
def test_requests_that_make_no_sense(accounts: RunningCloud, fields: dict[str, str]) -> None:
    body = {"client_id": "a", **fields}
    assert accounts.request("POST", "/login/device/code", data=body).status_code == 422


def test_other_grants_are_not_supported(accounts: RunningCloud) -> None:
    body = {"grant_type": "password", "device_code": "bko_1"}
    response = accounts.request("POST", "/login/device/token", data=body)
    assert (response.status_code, response.json()["error"]) == (400, "unsupported_grant_type")


def test_codes_cannot_be_guessed(accounts: RunningCloud) -> None:
    guesser = User(accounts, "guesser")
    guesser.register()
    codes = ask(accounts)
    for _ in range(20):
        assert guesser.get("/login/device?code=BBBB-BBBB").status_code == 200
    assert guesser.get(f"/login/device?code={codes['user_code']}").status_code == 429
