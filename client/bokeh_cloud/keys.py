"""The API keys of an account."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bokeh_cloud.account import AccountClient
from bokeh_cloud.arguments import require_string, require_strings
from bokeh_cloud.errors import CloudError, NotFound
from bokeh_cloud.expiry import Expiry, parse_expiry


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key. Only `create` returns its `secret`, which the server does not store."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created: datetime
    expires: datetime | None
    used: datetime | None
    secret: str | None = field(default=None, repr=False)

    @classmethod
    def from_summary(cls, summary: dict[str, Any]) -> "ApiKey":
        """Create it from the server's JSON summary."""
        return cls(
            summary["id"],
            summary["name"],
            tuple(summary["scopes"]),
            datetime.fromisoformat(summary["created"]),
            _parse_time(summary.get("expires")),
            _parse_time(summary.get("used")),
            summary.get("key"),
        )


class ApiKeyClient:
    """`Server.keys`: iterating lists the keys of the account. The key in use needs the scope `keys:write`."""

    def __init__(self, account: AccountClient):
        self._account = account

    def __iter__(self) -> Iterator[ApiKey]:
        for page in self._account.pages(self._path):
            yield from map(ApiKey.from_summary, page["keys"])

    def create(self, name: str, scopes: Iterable[str] = (), expires: Expiry | None = None) -> ApiKey:
        """Create a key and return it with its secret, which cannot be read again.

        Args:
            name: a description.
            scopes: of the key; none for those that publishing needs.
            expires: see `expiry.parse_expiry`; None for a key that does not expire.

        Raises:
            CloudError: see `Connection.request`; a key cannot create one with more scopes than its own.
        """
        require_string("name", name, '"laptop"')
        body: dict[str, Any] = {"name": name}
        if chosen := require_strings("scopes", scopes, '["plots:read"]'):
            body["scopes"] = chosen
        if expires is not None:
            body["expires"] = parse_expiry(expires)
        return ApiKey.from_summary(self._account.connection.json("POST", self._path, json=body))

    def revoke(self, key: ApiKey | str) -> None:
        """Revoke a key, given itself, its id, or its name if that is unique.

        Raises:
            NotFound: there is none, or several have the name.
        """
        key_id = key.id if isinstance(key, ApiKey) else key
        try:
            self._delete(key_id)
        except NotFound as error:
            same = [one.id for one in self if one.name == key_id]
            if len(same) != 1:
                raise NotFound(_explain_missing(key_id, same), error.status, error.problem) from error
            self._delete(same[0])

    def _delete(self, key_id: str) -> None:
        self._account.connection.request("DELETE", f"{self._path}/{quote(key_id, safe='')}")

    @property
    def _path(self) -> str:
        identity = self._account.whoami()
        if identity["keyless"]:
            raise CloudError("This server has no accounts, so it has no API keys and needs none.")
        return f"/{quote(identity['user_id'])}/keys"


def _explain_missing(key: str, same: list[str]) -> str:
    if same:
        return f"There are {len(same)} keys {key!r}: give an id instead, {' or '.join(same)}."
    return f"There is no key {key!r}; `bokeh-cloud keys list` shows the ids."


def _parse_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
