"""Logs a program in without copying a key, by the device authorization grant (RFC 8628)."""

import platform
import sys
import time
import webbrowser
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from bokeh_cloud.config import CloudFile, Configuration, ServerAddress
from bokeh_cloud.connection import Connection
from bokeh_cloud.errors import CloudError, NotFound, NotPermitted, Rejected

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
SLOW_DOWN_SECONDS = 5  # RFC 8628, 3.5
MAX_TEXT = 60


@dataclass(frozen=True, slots=True)
class DeviceLogin:
    """A login that has started: what its user needs, and how to wait for the answer."""

    connection: Connection
    codes: Mapping[str, Any]

    @classmethod
    def begin(
        cls, connection: Connection, program: str, scopes: Iterable[str] = (), days: int | None = None
    ) -> "DeviceLogin | None":
        """Ask for a login; return None if the server does not offer it.

        Args:
            connection: to the server, without a key.
            program: what its user is shown.
            scopes: of the key; none for those that publishing needs.
            days: how long the key is valid; None for the server's default.
        """
        body = {
            "client_id": program[:MAX_TEXT],
            "machine": (platform.node() or "a computer")[:MAX_TEXT],
            "scope": " ".join(scopes),
        }
        if days is not None:
            body["days"] = str(days)
        try:
            return cls(connection, connection.json("POST", "/login/device/code", data=body))
        except NotFound:
            return None
        except Rejected as error:
            if error.status == 405:  # an earlier server takes the path for that of a one-time link
                return None
            raise

    @property
    def text(self) -> str:
        """What its user has to do."""
        page, code = self.codes["verification_uri"], self.codes["user_code"]
        return f"Open {page}\nand enter the code {code}, which is valid for ten minutes."

    def open_page(self) -> None:
        """Open the page in a browser, if there is one, with the code filled in."""
        with suppress(webbrowser.Error):
            webbrowser.open(self.codes["verification_uri_complete"])

    def wait(self) -> str:
        """Wait until the user has answered, and return the API key.

        Raises:
            NotPermitted: the user has denied the login, or has not answered in time.
            CloudError: see `Connection.request`.
        """
        interval = float(self.codes["interval"])
        body = {
            "grant_type": GRANT_TYPE,
            "device_code": self.codes["device_code"],
            "client_id": "bokeh-cloud",
        }
        while True:
            time.sleep(interval)
            try:
                return str(self.connection.json("POST", "/login/device/token", data=body)["access_token"])
            except Rejected as error:
                reason = error.problem.get("error")
                if reason == "slow_down":
                    interval += SLOW_DOWN_SECONDS
                elif reason is None:
                    raise
                elif reason != "authorization_pending":
                    raise NotPermitted(f"{error.problem.get('title', reason)}", error.status) from None


def log_in_program(
    url: str, configuration: Configuration, scopes: Iterable[str] = (), days: int | None = None
) -> str:
    """Print what the user has to do, open the page, and return the API key once the login is allowed.

    Args:
        url: of the server.
        configuration: says whether pages are opened in a browser.
        scopes: see `DeviceLogin.begin`.
        days: see `DeviceLogin.begin`.

    Raises:
        CloudError: the server does not offer it; or see `DeviceLogin.wait`.
    """
    connection = Connection(ServerAddress(url), configuration.general.ca_bundle)
    login = DeviceLogin.begin(connection, f"bokeh-cloud {version('bokeh-cloud')}", scopes, days)
    if login is None:
        raise CloudError(f"{url} does not offer this; create an API key at {url}/account, and paste it.")
    print(login.text, file=sys.stderr, flush=True)  # noqa: T201  # the output of an interactive function
    if configuration.general.browser:
        login.open_page()
    return login.wait()


def store_key(url: str, key: str, configuration: Configuration, keyring: bool | None = None) -> str:
    """Store a key in cloud.cfg or the keyring, and return the account that it belongs to.

    Args:
        url: of the server.
        key: the API key, which is tried first.
        configuration: where it is stored.
        keyring: whether in the keyring; None for the setting of the configuration.
    """
    connection = Connection(ServerAddress(url, key), configuration.general.ca_bundle)
    username = str(connection.json("GET", "/whoami")["user_id"])
    in_keyring = configuration.general.keyring if keyring is None else keyring
    CloudFile(url, username, key, in_keyring).save(configuration.folder)
    return username


def log_in(
    url: str, configuration: Configuration, scopes: Iterable[str] = (), days: int | None = None
) -> Connection:
    """Log in unless the server has no accounts, store the key, and return a connection with it."""
    key = None
    if not is_keyless(url, configuration):
        key = log_in_program(url, configuration, scopes, days)
        store_key(url, key, configuration)
    return Connection(ServerAddress(url, key), configuration.general.ca_bundle)


def is_keyless(url: str, configuration: Configuration) -> bool:
    """Return whether a server has no accounts, so that it needs no key."""
    try:
        connection = Connection(ServerAddress(url), configuration.general.ca_bundle)
        return bool(connection.json("GET", "/whoami")["keyless"])
    except NotPermitted:
        return False
