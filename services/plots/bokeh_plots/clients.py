"""Clients of the other services that the plots service calls."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.http.client.service_client import ResponseStream, ServiceClient, path
from bokeh_common.view_grant import ViewGrant

BATCH = 1000  # data sources or columns in one request

#: The auth service has routes for share links only if there are accounts.
NO_SHARES = (
    "This server has no accounts, so it has no share links, and it answers its own computer only. Start it "
    "with --accounts to share plots, or send others the page that Download on the plot's page saves."
)


class DataClient:
    """The data service."""

    def __init__(self, service: ServiceClient) -> None:
        self._service = service

    async def sources(
        self, user: str, sources: Mapping[str, int | None], authorization: str | None
    ) -> dict[str, Any]:
        """Return data sources by id, on behalf of the caller, who must be allowed to read them.

        Args:
            user: the account.
            sources: the version of each source, by id; None for the newest.
            authorization: the caller's `Authorization` header.

        Raises:
            Invalid: a source does not exist, or its version is not kept.
        """
        address, found = path("internal", "data", "sources", user), dict[str, Any]()
        for batch in _batches(sources):
            body = {"sources": {source: sources[source] for source in batch}}
            answer = await self._service.post(address, body, authorization=authorization, idempotent=True)
            found |= answer["sources"]
        for source in sources:
            if source not in found:
                detail = f"There is no data source {source!r}; commit it before the plot that uses it."
                raise Invalid(detail, slug="missing-source")
        return found

    async def current(self, user: str, sources: list[str]) -> dict[str, dict[str, Any]]:
        """Return the newest versions of data sources by id, without those that do not exist.

        They are for readers of a plot, so the caller's permission to read the sources is not checked.
        """
        address, found = path("internal", "data", "current-sources", user), dict[str, dict[str, Any]]()
        for batch in _batches(sources):
            answer = await self._service.post(address, {"sources": batch}, idempotent=True)
            found |= answer["sources"]
        return found

    async def changes(self, user: str, sources: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Return how live sources have changed, by id; as `current`.

        Args:
            user: the account.
            sources: for each source its drawn columns `names`, and the positions `since` and `until` when.
        """
        address = path("internal", "data", "source-changes", user)
        answer = await self._service.post(address, {"sources": sources}, idempotent=True)
        return dict(answer["sources"])

    async def transfer(
        self, owner: str, user: str, sources: list[dict[str, Any]], authorization: str | None
    ) -> list[str]:
        """Make data sources for `user` of columns of another account; return their ids.

        Args:
            owner: the account that has the columns.
            user: the account that gets the data sources.
            sources: of each data source its name, the hashes of its columns by name, and the id and
                the version of the owner's data source that has them.
            authorization: the `Authorization` header of the caller, who must be `user`.

        Raises:
            NotFound: some of the columns do not exist any more.
        """
        body = {"owner": owner, "sources": sources}
        address = path("internal", "data", "transfers", user)
        answer = await self._service.post(address, body, authorization=authorization)
        return list(answer["sources"])

    async def delete(self, user: str, source: str, authorization: str | None) -> None:
        """Delete a data source even if plots use it; `NotFound`."""
        await self._service.delete(path(user, "data", source) + "?force=true", authorization=authorization)

    async def column(self, user: str, column: str, authorization: str | None) -> ResponseStream:
        """Return the bytes of a column, in blocks."""
        address = path(user, "data", "columns", column)
        return await self._service.stream("GET", address, authorization=authorization)

    async def pin(self, user: str, sources: list[str], columns: list[str]) -> None:
        """Protect data sources and columns that a plot is about to refer to from being collected.

        Raises:
            Invalid: some do not exist (`missing-source`, `missing-columns`).
        """
        if not sources and not columns:
            return
        body = {"sources": sources, "columns": columns}
        await self._service.post(path("internal", "data", "pins", user), body, idempotent=True)

    async def reserve_bytes(self, user: str, size: int, limit: int) -> str:
        """Reserve bytes of an account's quota, and return the id of the reservation.

        Raises:
            Forbidden: the account would have more bytes than `limit`.
        """
        body = {"bytes": size, "limit": limit}
        return str((await self._service.post(path("internal", "data", "usage", user), body))["id"])

    async def settle_bytes(self, user: str, reservation: str, stored: int) -> None:
        """End a reservation, of which so many bytes were stored."""
        await self._service.delete(path("internal", "data", "usage", user, reservation), stored=stored)

    async def values(self, user: str, columns: list[str], authorization: str | None) -> dict[str, bytes]:
        """Return the bytes of columns, by hash."""
        values = {}
        for batch in _batches(columns):
            values.update(await self._values(user, batch, authorization))
        return values

    async def _values(self, user: str, columns: list[str], authorization: str | None) -> dict[str, bytes]:
        stream = await self._service.stream(
            "POST", path(user, "data", "columns"), authorization=authorization, body={"columns": columns}
        )
        body = await stream.read_all()
        values, start = {}, 0
        for column in columns:
            size = int.from_bytes(body[start : start + 8], "little")
            values[column] = body[start + 8 : start + 8 + size]
            start += 8 + size
        return values


class AuthClient:
    """The auth service, which stores the share links of plots."""

    def __init__(self, service: ServiceClient) -> None:
        self._service = service

    async def introspect(self, token: str) -> tuple[str, str | None, ViewGrant | None, bool]:
        """Return what a token grants access to.

        Returns:
            an account, the id of the plot if it is only one, what a view token grants of it, and whether a
            share link opens old versions, too.

        Raises:
            NotFound: the token is not valid.
        """
        answer = await self._service.post("/internal/auth/introspection", {"token": token}, idempotent=True)
        if not answer["active"]:
            raise NotFound("This share link opens nothing; it has expired or was revoked.")
        view = answer.get("view")
        grant = ViewGrant(**view) if view else None
        return str(answer["user_id"]), answer.get("only"), grant, bool(answer.get("history"))

    async def shares(self, user: str, plot: str) -> list[dict[str, Any]]:
        """Return the share links of a plot, without their tokens."""
        try:
            return list((await self._service.get(_shares(user, plot)))["shares"])
        except NotFound:
            raise NotFound(NO_SHARES) from None

    async def create_share(
        self, user: str, plot: str, body: dict[str, Any], authorization: str | None
    ) -> dict[str, Any]:
        """Create a share link; only this answer has its `token`; raises `Invalid` or `Conflict`."""
        try:
            return dict(await self._service.post(_shares(user, plot), body, authorization=authorization))
        except NotFound:
            raise NotFound(NO_SHARES) from None

    async def revoke_share(self, user: str, plot: str, share: str, authorization: str | None) -> None:
        """Revoke a share link; `NotFound`."""
        await self._service.delete(_shares(user, plot, share), authorization=authorization)


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(names)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _shares(user: str, plot: str, *share: str) -> str:
    return path("internal", "auth", "shares", user, plot, *share)
