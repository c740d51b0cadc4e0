"""The secrets of a cloud in containers."""

import shutil
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from bokeh_auth.credentials.scopes import SERVICE_SCOPES
from bokeh_auth.credentials.secret import SERVICE, digest_of, is_well_formed
from bokeh_auth.introspection import ServiceTokens
from bokeh_auth.provision_secrets import STORAGE_USERS, TOKEN, TOKENS, provision
from bokeh_auth.settings import Settings
from bokeh_common.environment import REDIS_LOGIN

ACL = "redis-secrets/users.acl"


def made(folder: Path) -> dict[str, str]:
    """Create the secrets in a folder, and return them by path."""
    folder.mkdir(exist_ok=True)
    provision(folder, azurite=True)
    return {str(path.relative_to(folder)): path.read_text() for path in folder.glob("*/*")}


def test_each_service_has_its_own_token_and_auth_has_all_of_them(tmp_path: Path) -> None:
    files = made(tmp_path)
    tokens = {name: files[f"{name}/BOKEH_CLOUD_SERVICE_TOKEN"] for name in SERVICE_SCOPES}
    assert len(set(tokens.values())) == len(tokens)
    assert all(is_well_formed(token, SERVICE) for token in tokens.values())
    environ = {
        "BOKEH_CLOUD_STORAGE": "",
        "BOKEH_CLOUD_SERVICE_TOKENS": files["auth/BOKEH_CLOUD_SERVICE_TOKENS"],
    }
    assert Settings.from_env(environ).services == {token: name for name, token in tokens.items()}
    for name in SERVICE_SCOPES.keys() - {"auth"}:
        own = "".join(text for path, text in files.items() if path.startswith(f"{name}/"))
        assert [other for other, token in tokens.items() if token in own] == [name]


def test_secrets_are_created_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    before = made(tmp_path)
    assert made(tmp_path) == before
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*/*")} == {0o400}


def test_each_azurite_has_its_own_key(tmp_path: Path) -> None:
    one, another = made(tmp_path / "one"), made(tmp_path / "another")
    account, _, key = one["azurite-secrets/AZURITE_ACCOUNTS"].partition(":")
    assert f"AccountName={account};AccountKey={key};" in one["data/AZURE_STORAGE_CONNECTION_STRING"]
    assert one["azurite-secrets/AZURITE_ACCOUNTS"] != another["azurite-secrets/AZURITE_ACCOUNTS"]


def test_without_azurite_there_is_no_connection_string(tmp_path: Path) -> None:
    made(tmp_path)
    provision(tmp_path)
    assert not list(tmp_path.glob("*/AZURE_STORAGE_CONNECTION_STRING"))
    assert (tmp_path / "azurite-secrets/AZURITE_ACCOUNTS").exists()


def test_rotated_tokens_are_accepted_beside_the_old_ones_until_the_next_start(tmp_path: Path) -> None:
    old = made(tmp_path)
    provision(tmp_path, azurite=True, rotate=True)
    new = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.glob("*/*")}
    assert not [path for path in old if old[path] == new[path]]
    accepted = Settings.from_env({"BOKEH_CLOUD_STORAGE": "", TOKENS: new[f"auth/{TOKENS}"]}).services
    services = ServiceTokens({digest_of(token): name for token, name in accepted.items()})
    for name in SERVICE_SCOPES:
        for files in (old, new):
            info = services.identify(files[f"{name}/{TOKEN}"])
            assert info is not None
            assert info.user_id == f"service:{name}"
    later = made(tmp_path)
    accepted = Settings.from_env({"BOKEH_CLOUD_STORAGE": "", TOKENS: later[f"auth/{TOKENS}"]}).services
    assert set(accepted) == {new[f"{name}/{TOKEN}"] for name in SERVICE_SCOPES}


def test_a_rotated_azurite_accepts_the_old_key_until_the_next_start(tmp_path: Path) -> None:
    old = made(tmp_path)["azurite-secrets/AZURITE_ACCOUNTS"].split(":")
    provision(tmp_path, azurite=True, rotate=True)
    account, key, accepted = (tmp_path / "azurite-secrets/AZURITE_ACCOUNTS").read_text().split(":")
    assert [account, accepted] == old
    assert f"AccountKey={key};" in (tmp_path / "data/AZURE_STORAGE_CONNECTION_STRING").read_text()
    assert made(tmp_path)["azurite-secrets/AZURITE_ACCOUNTS"] == f"{account}:{key}"


def test_each_user_of_redis_has_its_own_password_of_which_redis_has_the_digest(tmp_path: Path) -> None:
    files = made(tmp_path)
    passwords = {name: urlsplit(files[f"{name}/{REDIS_LOGIN}"]).password or "" for name in STORAGE_USERS}
    assert len(set(passwords.values())) == len(passwords)
    for name, password in passwords.items():
        assert len(password) > 40
        assert f"user {name} on #{sha256(password.encode()).hexdigest()} " in files[ACL]
        known = {path.partition("/")[0] for path in files if password in files[path]}
        assert known - {"redis-secrets"} == {name}
    assert "user default off" in files[ACL]


def test_a_cloud_without_logins_at_redis_gets_them_and_keeps_its_other_secrets(tmp_path: Path) -> None:
    files = made(tmp_path)
    for path in tmp_path.glob(f"*/{REDIS_LOGIN}"):
        path.unlink()
    shutil.rmtree(tmp_path / "redis-secrets")
    upgraded = made(tmp_path)
    assert upgraded.keys() == files.keys()
    changed = {path.partition("/")[2] for path in files if upgraded[path] != files[path]}
    assert changed == {REDIS_LOGIN, "users.acl", "REDISCLI_AUTH"}


def test_redis_accepts_old_passwords_until_the_next_start(tmp_path: Path) -> None:
    [old] = digests(made(tmp_path)[ACL], "data")
    provision(tmp_path, rotate=True)
    new, kept = digests((tmp_path / ACL).read_text(), "data")
    assert kept == old != new
    assert digests(made(tmp_path)[ACL], "data") == [new]


def digests(users: str, name: str) -> list[str]:
    """Return the digests of the passwords that a user of Redis may use."""
    [line] = [line for line in users.splitlines() if line.startswith(f"user {name} ")]
    return [word for word in line.split() if word.startswith("#")]
