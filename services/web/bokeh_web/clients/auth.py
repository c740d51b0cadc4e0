"""Client of the auth service."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from bokeh_common.errors import NotFound, Unauthenticated
from bokeh_common.http.client.service_client import ResponseStream, ServiceClient, path


class AuthClient:
    """The auth service, as this service uses it.

    `authorization` is the visitor's `Authorization` header. All methods raise the errors of the auth service,
    as `CloudError`.
    """

    def __init__(self, service: ServiceClient) -> None:
        self._service = service

    async def view_token(self, view: Mapping[str, Any], share: str | None) -> str:
        """Return a view token, which opens what a page shows of a plot for some minutes.

        Args:
            view: the plot, as the plots service describes it.
            share: the token of the share link on which it depends, if any.

        Raises:
            NotFound: the page was requested with a view token, which would never expire if it could be
                exchanged for another one.
        """
        if view["grant"] is None:
            raise NotFound("There is nothing here for this token; it opens the data of a plot, and no pages.")
        body = {"user_id": view["user_id"], "plot": view["id"], "share": share, "grant": view["grant"]}
        return str((await self._service.post("/internal/auth/view-tokens", body, idempotent=True))["token"])

    async def register(self, email: str, username: str) -> list[dict[str, Any]]:
        """Send a link that confirms a registration; return the rate limits.

        Raises:
            Invalid: the email address or username is not acceptable.
            TooManyRequests: too many were requested.
        """
        body = {"email": email, "username": username}
        return list((await self._service.post("/internal/auth/registrations", body))["limits"])

    async def login(self, email: str, browser: str | None) -> list[dict[str, Any]]:
        """Send a login link; return the rate limits. Raises as `register`.

        Args:
            email: the address.
            browser: the token of a remembered browser, if it is one.
        """
        body = {"email": email, **({"browser": browser} if browser else {})}
        return list((await self._service.post("/internal/auth/login-links", body))["limits"])

    async def peek(self, token: str) -> dict[str, Any]:
        """Return `purpose` and `username` of a one-time link, without using it.

        Raises:
            NotFound: the link has expired, was used, or never existed.
        """
        return dict(await self._service.post("/internal/auth/links", {"token": token}, idempotent=True))

    async def redeem(self, token: str, agent: str) -> tuple[str, str, str]:
        """Use a one-time link; return the account, the token of a new session and that of the browser.

        Args:
            token: the link's token.
            agent: the browser's `User-Agent`, which names the session.

        Raises:
            NotFound: as `peek`.
            Conflict: the username has been taken in the meantime.
        """
        answer = await self._service.post("/internal/auth/sessions", {"token": token, "agent": agent})
        return str(answer["user_id"]), str(answer["session"]), str(answer["browser"])

    async def start_device_login(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Start the login of a program; return its codes. Raises `Invalid` and `TooManyRequests`."""
        return dict(await self._service.post("/internal/auth/devices", dict(request)))

    async def poll_device_login(self, device_code: str) -> dict[str, Any]:
        """Return the `answer` to a program, and its `key` once it is granted."""
        return dict(await self._service.post("/internal/auth/devices/polls", {"device_code": device_code}))

    async def answer_device_login(
        self, user_code: str, allow: bool | None, authorization: str | None
    ) -> dict[str, Any]:
        """Return which program asks for a login, and allow or deny it; None only looks it up.

        Raises:
            NotFound: there is no such code.
            TooManyRequests: the visitor has entered too many wrong codes.
        """
        body = {"user_code": user_code, "allow": allow}
        return dict(
            await self._service.post("/internal/auth/devices/answers", body, authorization=authorization)
        )

    async def log_out(self, session: str, everywhere: bool = False) -> None:
        """End the session with this token, or all sessions of its account; does nothing if it has ended."""
        url = "/internal/auth/sessions" + ("" if everywhere else "/current")
        with suppress(Unauthenticated):
            await self._service.delete(url, authorization=f"Bearer {session}")

    async def sessions(self, authorization: str | None) -> list[dict[str, Any]]:
        """Return the visitor's sessions."""
        answer = await self._service.get("/internal/auth/sessions", authorization=authorization)
        return list(answer["sessions"])

    async def end_session(self, session: str, authorization: str | None) -> None:
        """End one of the visitor's sessions by its id; `NotFound`."""
        await self._service.delete(path("internal", "auth", "sessions", session), authorization=authorization)

    async def keys(self, user: str, authorization: str | None) -> list[dict[str, Any]]:
        """Return the account's API keys, without the keys themselves."""
        answer = await self._service.get(path(user, "keys"), authorization=authorization, limit=1000)
        return list(answer["keys"])

    async def create_key(
        self, user: str, name: str, scopes: list[str], expires: str | None, authorization: str | None
    ) -> dict[str, Any]:
        """Create an API key; the key itself is in `key`.

        Args:
            user: the account.
            name: what the key is called.
            scopes: what it grants.
            expires: when it expires, RFC 3339; None for never.
            authorization: the visitor's.

        Raises:
            Invalid: the name, a scope or the time is not acceptable.
            Forbidden: the visitor lacks one of the scopes.
        """
        body = {"name": name, "scopes": scopes, **({"expires": expires} if expires else {})}
        return dict(await self._service.post(path(user, "keys"), body, authorization=authorization))

    async def revoke_key(self, user: str, key: str, authorization: str | None) -> None:
        """Revoke an API key by its id; `NotFound`."""
        await self._service.delete(path(user, "keys", key), authorization=authorization)

    async def account(self, user: str, authorization: str | None) -> dict[str, Any]:
        """Return the account, with its usage (`used`) and its quota (`quota`)."""
        return dict(await self._service.get(path(user, "account"), authorization=authorization))

    async def audit_log(self, user: str, limit: int, authorization: str | None) -> list[dict[str, Any]]:
        """Return the newest entries of the account's audit log."""
        answer = await self._service.get(path(user, "audit"), authorization=authorization, limit=limit)
        return list(answer["entries"])

    async def export(self, user: str, authorization: str | None) -> ResponseStream:
        """Return a tar archive of everything that the account has."""
        return await self._service.stream("GET", path(user, "account", "export"), authorization=authorization)

    async def delete_account(self, user: str, authorization: str | None) -> None:
        """Delete the account and everything that it has."""
        await self._service.delete(path(user, "account"), authorization=authorization, confirm=user)

    async def share_links(self, authorization: str | None) -> list[dict[str, Any]]:
        """Return the share links of all plots of the visitor, without their tokens."""
        answer = await self._service.get("/internal/auth/shares", authorization=authorization)
        return list(answer["shares"])
