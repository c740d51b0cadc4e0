"""`python -m bokeh_auth.provision_secrets FOLDER` creates the secrets of a cloud, a folder for each service.

Each file is an environment variable of its name. Files that exist are kept, so the command can run at every
start. A service's folder contains no secret of another service, except for auth's, which contains all service
tokens. Each service has its own login at Redis, whose folder `redis-secrets` defines the users. With
`--azurite`, a key for Azurite is created, too, and given to all services that use the storage.

With `--rotate`, everything is replaced. Auth, Redis and Azurite accept the old secrets, too, until the
command runs without `--rotate` and they are started again. So start them first, then the other services.
"""

import base64
import secrets
import sys
from pathlib import Path
from urllib.parse import urlsplit

from bokeh_auth.credentials.scopes import SERVICE_SCOPES
from bokeh_auth.credentials.secret import SERVICE, new_secret
from bokeh_auth.redis_users import OPERATOR, acl_file, redis_login
from bokeh_common.environment import REDIS_LOGIN

TOKEN = "BOKEH_CLOUD_SERVICE_TOKEN"  # noqa: S105  # the name of the variable
TOKENS = "BOKEH_CLOUD_SERVICE_TOKENS"
ACCOUNTS = "AZURITE_ACCOUNTS"
CONNECTION = "AZURE_STORAGE_CONNECTION_STRING"

#: What uses the storage: the services, and the commands of the operator.
STORAGE_USERS = (*SERVICE_SCOPES, OPERATOR)

REDIS_USERS = "users.acl"
REDISCLI_AUTH = "REDISCLI_AUTH"  # the variable from which redis-cli takes its password

AZURITE_ACCOUNT = "bokehcloud"
AZURITE_ENDPOINT = f"http://azurite:10000/{AZURITE_ACCOUNT}"
KEY_BYTES = 64
PASSWORD_BYTES = 32


def provision(folder: Path, azurite: bool = False, rotate: bool = False) -> None:
    """Create the tokens and logins that do not exist yet, and with `azurite` the key of an Azurite.

    With `rotate`, all of them are replaced. What accepts them is written before what sends them.
    """
    for name in STORAGE_USERS:
        (folder / name).mkdir(exist_ok=True)
    _provision_tokens(folder, rotate)
    _provision_redis(folder, rotate)
    if azurite:
        _provision_azurite(folder, rotate)
    else:
        for name in STORAGE_USERS:
            (folder / name / CONNECTION).unlink(missing_ok=True)


def _provision_tokens(folder: Path, rotate: bool) -> None:
    files = {name: folder / name / TOKEN for name in sorted(SERVICE_SCOPES)}
    old = {name: path.read_text() for name, path in files.items() if path.exists()}
    new = {name: new_secret(SERVICE) for name in files if rotate or name not in old}
    accepted = [*old.items(), *new.items()]
    _write(folder / "auth" / TOKENS, " ".join(f"{name}={token}" for name, token in accepted))
    for name, token in new.items():
        _write(files[name], token)


def _provision_redis(folder: Path, rotate: bool) -> None:
    """Write a login for each user of the storage, and the users for Redis, with old passwords as well."""
    (folder / "redis-secrets").mkdir(exist_ok=True)
    passwords: dict[str, list[str]] = {}
    for name in STORAGE_USERS:
        path = folder / name / REDIS_LOGIN
        passwords[name] = [urlsplit(path.read_text()).password or ""] if path.exists() else []
        if rotate or not passwords[name]:
            passwords[name].insert(0, secrets.token_urlsafe(PASSWORD_BYTES))
    _write(folder / "redis-secrets" / REDIS_USERS, acl_file(passwords))
    _write(folder / "redis-secrets" / REDISCLI_AUTH, passwords[OPERATOR][0])
    for name in STORAGE_USERS:
        _write(folder / name / REDIS_LOGIN, redis_login(name, passwords[name][0]))


def _provision_azurite(folder: Path, rotate: bool) -> None:
    """Write `account:key` for Azurite, which accepts `account:key:old key` as well."""
    (folder / "azurite-secrets").mkdir(exist_ok=True)
    path = folder / "azurite-secrets" / ACCOUNTS
    keys = path.read_text().split(":")[1:2] if path.exists() else []
    if rotate or not keys:
        keys.insert(0, base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())
    _write(path, ":".join([AZURITE_ACCOUNT, *keys]))
    for name in STORAGE_USERS:
        _write(folder / name / CONNECTION, _connection(keys[0]))


def _connection(key: str) -> str:
    return (
        f"DefaultEndpointsProtocol=http;AccountName={AZURITE_ACCOUNT};AccountKey={key};"
        f"BlobEndpoint={AZURITE_ENDPOINT};"
    )


def _write(path: Path, value: str) -> None:
    """Write a value to a file that only its owner can read, atomically."""
    new = path.with_name(f".{path.name}")
    new.unlink(missing_ok=True)
    new.touch(mode=0o400)
    new.chmod(0o600)
    new.write_text(value)
    new.chmod(0o400)
    new.replace(path)


if __name__ == "__main__":
    provision(Path(sys.argv[1]), "--azurite" in sys.argv, "--rotate" in sys.argv)
