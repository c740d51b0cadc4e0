"""The API keys of an account."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .errors import CloudError
from .times import Expiry, moment

if TYPE_CHECKING:
    from .server import Server


@dataclass(frozen=True, slots=True)
class Key:
    """An API key. `secret` is there only on one that has just been made: the server does not keep it."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created: datetime
    expires: datetime | None
    used: datetime | None
    secret: str | None = field(default=None, repr=False)

    @classmethod
    def from_summary(cls, summary: dict[str, Any]) -> "Key":
        """Read the server's JSON summary of a key."""
        return cls(
            summary["id"],
            summary["name"],
            tuple(summary["scopes"]),
            datetime.fromisoformat(summary["created"]),
            _time(summary.get("expires")),
            _time(summary.get("used")),
            summary.get("key"),
        )


class Keys:
    """The keys of an account; iterating lists them. The key in use needs the scope `keys:write`."""

    def __init__(self, server: "Server"):
        self._server = server

    def __iter__(self) -> Iterator[Key]:
        for page in self._server.pages(self._path):
            yield from map(Key.from_summary, page["keys"])

    def create(self, name: str, scopes: Iterable[str] = (), expires: Expiry | None = None) -> Key:
        """Make a key and return it with its secret, which is never shown again.

        Args:
            name: what it is for.
            scopes: what it may do; without any, all that publishing needs.
            expires: see `times.moment`; None for a key that is good until it is revoked.

        Raises:
            CloudError: see `Connection.request`; no key can make one that may do more than itself.
        """
        body: dict[str, Any] = {"name": name}
        if scopes := list(scopes):
            body["scopes"] = scopes
        if expires is not None:
            body["expires"] = moment(expires)
        return Key.from_summary(self._server.connection.json("POST", self._path, json=body))

    def revoke(self, key: Key | str) -> None:
        """Make a key, or that of an id, open nothing from now on; raises NotFound where there is none."""
        name = key.id if isinstance(key, Key) else key
        self._server.connection.request("DELETE", f"{self._path}/{quote(name, safe='')}")

    @property
    def _path(self) -> str:
        asked = self._server.whoami()
        if asked["keyless"]:
            raise CloudError("This server has no accounts, so it has no API keys; it needs none.")
        return f"/{quote(asked['user_id'])}/keys"


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
