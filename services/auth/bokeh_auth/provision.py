"""`python -m bokeh_auth.provision FOLDER`: make the secrets of a cloud once, a folder for each service.

A file is an environment variable of its name. What is there already stays, so it can run at every start; a
service's folder holds nothing of the others', but for auth's, which knows them all. With `--azurite` there is
a key for an Azurite too, and those who open the storage are told of it.
"""

import base64
import secrets
import sys
from pathlib import Path

from bokeh_auth.credentials import SERVICE, new_secret
from bokeh_auth.scopes import SERVICE_SCOPES

TOKEN = "BOKEH_CLOUD_SERVICE_TOKEN"  # noqa: S105  # the variable's name
TOKENS = "BOKEH_CLOUD_SERVICE_TOKENS"
ACCOUNTS = "AZURITE_ACCOUNTS"
CONNECTION = "AZURE_STORAGE_CONNECTION_STRING"

#: Who opens the storage: the services, and the operator's commands.
KEEPERS = (*SERVICE_SCOPES, "operator")

AZURITE_ACCOUNT = "bokehcloud"
AZURITE_ENDPOINT = f"http://azurite:10000/{AZURITE_ACCOUNT}"
KEY_BYTES = 64


def provision(folder: Path, azurite: bool = False) -> None:
    """Make what is missing of the services' tokens, and of the key of an Azurite."""
    for name in KEEPERS:
        (folder / name).mkdir(exist_ok=True)
    tokens = {name: _once(folder / name / TOKEN, new_secret(SERVICE)) for name in sorted(SERVICE_SCOPES)}
    _write(folder / "auth" / TOKENS, " ".join(f"{name}={token}" for name, token in tokens.items()))
    if azurite:
        _provision_azurite(folder)
    else:
        for name in KEEPERS:
            (folder / name / CONNECTION).unlink(missing_ok=True)


def _provision_azurite(folder: Path) -> None:
    key = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    (folder / "azurite-secrets").mkdir(exist_ok=True)
    account = _once(folder / "azurite-secrets" / ACCOUNTS, f"{AZURITE_ACCOUNT}:{key}")
    for name in KEEPERS:
        _write(folder / name / CONNECTION, _connection(account.partition(":")[2]))


def _connection(key: str) -> str:
    return (
        f"DefaultEndpointsProtocol=http;AccountName={AZURITE_ACCOUNT};AccountKey={key};"
        f"BlobEndpoint={AZURITE_ENDPOINT};"
    )


def _once(path: Path, value: str) -> str:
    if not path.exists():
        _write(path, value)
    return path.read_text()


def _write(path: Path, value: str) -> None:
    """Put a value into a file that its owner alone reads; whoever is interrupted leaves the old one."""
    new = path.with_name(f".{path.name}")
    new.unlink(missing_ok=True)
    new.touch(mode=0o400)
    new.chmod(0o600)
    new.write_text(value)
    new.chmod(0o400)
    new.replace(path)


if __name__ == "__main__":
    provision(Path(sys.argv[1]), azurite="--azurite" in sys.argv)
