"""The secrets of a cloud in containers."""

from pathlib import Path

from bokeh_auth.credentials import SERVICE, is_well_formed
from bokeh_auth.provision import provision
from bokeh_auth.scopes import SERVICE_SCOPES
from bokeh_auth.settings import Settings


def made(folder: Path) -> dict[str, str]:
    """Make the secrets in a folder as volumes are, and return them by path."""
    folder.mkdir(exist_ok=True)
    provision(folder, azurite=True)
    return {str(path.relative_to(folder)): path.read_text() for path in folder.glob("*/*")}


def test_each_service_gets_its_own_token_and_auth_knows_all(tmp_path: Path) -> None:
    files = made(tmp_path)
    tokens = {name: files[f"{name}/BOKEH_CLOUD_SERVICE_TOKEN"] for name in SERVICE_SCOPES}
    assert len(set(tokens.values())) == len(tokens)
    assert all(is_well_formed(token, SERVICE) for token in tokens.values())
    environ = {
        "BOKEH_CLOUD_STORAGE": "",
        "BOKEH_CLOUD_SERVICE_TOKENS": files["auth/BOKEH_CLOUD_SERVICE_TOKENS"],
    }
    assert Settings.from_env(environ).services == tokens
    for name in SERVICE_SCOPES.keys() - {"auth"}:
        own = "".join(text for path, text in files.items() if path.startswith(f"{name}/"))
        assert [other for other, token in tokens.items() if token in own] == [name]


def test_they_are_made_once_and_readable_by_their_owner_alone(tmp_path: Path) -> None:
    before = made(tmp_path)
    assert made(tmp_path) == before
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*/*")} == {0o400}


def test_azurite_has_a_key_of_its_own(tmp_path: Path) -> None:
    one, another = made(tmp_path / "one"), made(tmp_path / "another")
    account, _, key = one["azurite-secrets/AZURITE_ACCOUNTS"].partition(":")
    assert f"AccountName={account};AccountKey={key};" in one["data/AZURE_STORAGE_CONNECTION_STRING"]
    assert one["azurite-secrets/AZURITE_ACCOUNTS"] != another["azurite-secrets/AZURITE_ACCOUNTS"]


def test_without_azurite_nobody_is_told_of_one(tmp_path: Path) -> None:
    made(tmp_path)
    provision(tmp_path)
    assert not list(tmp_path.glob("*/AZURE_STORAGE_CONNECTION_STRING"))
    assert (tmp_path / "azurite-secrets/AZURITE_ACCOUNTS").exists()
