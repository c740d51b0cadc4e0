"""What the plots service asks of others."""

from typing import Any

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.http.peer import Peer, path


class Data:
    """The data service, asked in the name of the caller."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def columns(self, user: str, sources: list[str], authorization: str | None) -> dict[str, dict[str, Any]]:
        """Return the columns of these data sources by hash: `dtype`, `shape`, `length`, `size` in bytes.

        Raises:
            Invalid: one of the sources is not there.
        """
        found = {}
        for source in dict.fromkeys(sources):
            try:
                summary = self._peer.get(path(user, "data", source), authorization=authorization)
            except NotFound:
                detail = f"There is no data source {source!r}; commit it before the plot that uses it."
                raise Invalid(detail, slug="missing-source") from None
            found.update({column["hash"]: column for column in summary["columns"].values()})
        return found

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
        if not columns:
            return {}
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

    def shares(self, user: str, plot: str) -> list[dict[str, Any]]:
        """Return the share links of a plot, without their tokens."""
        return list(self._peer.get(_shares(user, plot))["shares"])

    def share(self, user: str, plot: str, wishes: object, authorization: str | None) -> dict[str, Any]:
        """Make a share link; `token` is in the answer and never again; `Invalid`, `Conflict`."""
        return dict(self._peer.post(_shares(user, plot), wishes, authorization=authorization))

    def revoke_share(self, user: str, plot: str, share: str, authorization: str | None) -> None:
        """Revoke a share link; `NotFound`."""
        self._peer.delete(_shares(user, plot, share), authorization=authorization)


def _shares(user: str, plot: str, *share: str) -> str:
    return path("internal", "auth", "shares", user, plot, *share)
