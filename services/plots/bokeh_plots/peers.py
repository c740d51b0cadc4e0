"""What the plots service asks of others."""

from collections.abc import Iterator, Mapping
from typing import Any

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.http.peer import Peer, path

BATCH = 1000  # columns that the data service sends at once

#: The auth service has routes for share links only where there are accounts.
NO_SHARES = (
    "This server has no accounts, so it makes no share links: set the plot's visibility to 'link' or "
    "'public', or start the server with --accounts."
)


class Data:
    """The data service."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def sources(
        self, user: str, sources: Mapping[str, int | None], authorization: str | None
    ) -> dict[str, Any]:
        """Return data sources by id, asked in the name of the caller, who must be able to read them.

        Args:
            user: the account.
            sources: which version of each, by id; None for the newest.
            authorization: the caller's.

        Raises:
            Invalid: one of the sources is not there, or its version is not kept.
        """
        found = {}
        for source, version in sources.items():
            address = path(user, "data", source) + (f"?version={version}" if version else "")
            try:
                found[source] = self._peer.get(address, authorization=authorization)
            except NotFound:
                detail = f"There is no data source {source!r}; commit it before the plot that uses it."
                raise Invalid(detail, slug="missing-source") from None
        return found

    def current(self, user: str, sources: list[str]) -> dict[str, dict[str, Any]]:
        """Return data sources by id as they are now, whoever may read them, without those that are gone."""
        if not sources:
            return {}
        body = {"sources": sources}
        return dict(self._peer.post(path("internal", "data", "sources", user), body)["sources"])

    def hand_over(
        self, owner: str, user: str, name: str, sources: list[dict[str, str]], authorization: str | None
    ) -> list[str]:
        """Make data sources of another account's columns (hashes by name) for `user`, and return their ids.

        Raises:
            NotFound: some of the columns are not there any more.
        """
        body = {"owner": owner, "sources": [{"name": name, "columns": columns} for columns in sources]}
        address = path("internal", "data", "handovers", user)
        return list(self._peer.post(address, body, authorization=authorization)["sources"])

    def delete(self, user: str, source: str, authorization: str | None) -> None:
        """Delete a data source, whatever refers to it; `NotFound`."""
        self._peer.delete(path(user, "data", source) + "?force=true", authorization=authorization)

    def column(self, user: str, column: str, authorization: str | None) -> Iterator[bytes]:
        """Yield the bytes of a column, in blocks."""
        return self._peer.stream("GET", path(user, "data", "columns", column), authorization=authorization)

    def hold(self, user: str, sources: list[str], columns: list[str]) -> None:
        """Keep data sources and columns, which a plot is about to refer to, from being collected.

        Raises:
            Invalid: some are gone (`missing-source`, `missing-columns`).
        """
        if not sources and not columns:
            return
        self._peer.post(path("internal", "data", "holds", user), {"sources": sources, "columns": columns})

    def values(self, user: str, columns: list[str], authorization: str | None) -> dict[str, bytes]:
        """Return the bytes of columns, by hash."""
        values = {}
        for start in range(0, len(columns), BATCH):
            values.update(self._batch(user, columns[start : start + BATCH], authorization))
        return values

    def _batch(self, user: str, columns: list[str], authorization: str | None) -> dict[str, bytes]:
        blocks = self._peer.stream(
            "POST", path(user, "data", "columns"), authorization=authorization, body={"columns": columns}
        )
        body = b"".join(blocks)
        values, start = {}, 0
        for column in columns:
            size = int.from_bytes(body[start : start + 8], "little")
            values[column] = body[start + 8 : start + 8 + size]
            start += 8 + size
        return values


class Auth:
    """The auth service: it keeps the share links of plots."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def opened(self, token: str) -> tuple[str, str | None]:
        """Return whose things a token opens, and the one plot that it opens where it is only one.

        Raises:
            NotFound: it opens nothing.
        """
        answer = self._peer.post("/internal/auth/introspection", {"token": token})
        if not answer["active"]:
            raise NotFound("This share link opens nothing; it has expired or was revoked.")
        return str(answer["user_id"]), answer.get("only")

    def shares(self, user: str, plot: str) -> list[dict[str, Any]]:
        """Return the share links of a plot, without their tokens."""
        try:
            return list(self._peer.get(_shares(user, plot))["shares"])
        except NotFound:
            raise NotFound(NO_SHARES) from None

    def share(self, user: str, plot: str, wishes: object, authorization: str | None) -> dict[str, Any]:
        """Make a share link; `token` is in the answer and never again; `Invalid`, `Conflict`."""
        try:
            return dict(self._peer.post(_shares(user, plot), wishes, authorization=authorization))
        except NotFound:
            raise NotFound(NO_SHARES) from None

    def revoke_share(self, user: str, plot: str, share: str, authorization: str | None) -> None:
        """Revoke a share link; `NotFound`."""
        self._peer.delete(_shares(user, plot, share), authorization=authorization)


def _shares(user: str, plot: str, *share: str) -> str:
    return path("internal", "auth", "shares", user, plot, *share)
