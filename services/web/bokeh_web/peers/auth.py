"""What the web service asks of the auth service."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from bokeh_common.errors import Unauthenticated
from bokeh_common.http.peer import Peer, path


class Auth:
    """The auth service."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def view_token(self, user: str, plot: str, share: str | None) -> str:
        """Return a token that opens this one plot, for minutes, and no longer than the share link."""
        body = {"user_id": user, "plot": plot, "share": share}
        answer = self._peer.post("/internal/auth/view-tokens", body)
        return str(answer["token"])

    def register(self, email: str, username: str) -> list[dict[str, Any]]:
        """Have a confirmation link sent; return how often one may ask again; `Invalid`, `TooMany`."""
        body = {"email": email, "username": username}
        return list(self._peer.post("/internal/auth/registrations", body)["limits"])

    def login(self, email: str) -> list[dict[str, Any]]:
        """Have a login link sent; as `register`."""
        return list(self._peer.post("/internal/auth/login-links", {"email": email})["limits"])

    def look(self, token: str) -> dict[str, Any]:
        """Return `purpose` and `username` of a one-time link; `NotFound`."""
        return dict(self._peer.post("/internal/auth/links", {"token": token}))

    def enter(self, token: str, agent: str) -> tuple[str, str]:
        """Use a one-time link; return the account and the token of a new session; `NotFound`, `Conflict`."""
        body = {"token": token, "agent": agent}
        answer = self._peer.post("/internal/auth/sessions", body)
        return str(answer["user_id"]), str(answer["session"])

    def sign_out(self, session: str, everywhere: bool = False) -> None:
        """End the session of this token, or all of its account; fine when it has ended already."""
        address = "/internal/auth/sessions" + ("" if everywhere else "/current")
        with suppress(Unauthenticated):
            self._peer.delete(address, authorization=f"Bearer {session}")

    def sessions(self, authorization: str | None) -> list[dict[str, Any]]:
        """Return the visitor's sessions."""
        return list(self._peer.get("/internal/auth/sessions", authorization=authorization)["sessions"])

    def end_session(self, session: str, authorization: str | None) -> None:
        """End one of the visitor's sessions by its id; `NotFound`."""
        address = path("internal", "auth", "sessions", session)
        self._peer.delete(address, authorization=authorization)

    def keys(self, user: str, authorization: str | None) -> list[dict[str, Any]]:
        """Return the account's keys, without their secrets."""
        return list(self._peer.get(path(user, "keys"), authorization=authorization, limit=1000)["keys"])

    def make_key(
        self, user: str, name: str, scopes: list[str], expires: str | None, authorization: str | None
    ) -> dict[str, Any]:
        """Make a key; its secret is in `key`; `Invalid`, `Forbidden`."""
        body = {"name": name, "scopes": scopes, **({"expires": expires} if expires else {})}
        return dict(self._peer.post(path(user, "keys"), body, authorization=authorization))

    def revoke_key(self, user: str, key: str, authorization: str | None) -> None:
        """Revoke a key; `NotFound`."""
        self._peer.delete(path(user, "keys", key), authorization=authorization)

    def account(self, user: str, authorization: str | None) -> dict[str, Any]:
        """Return what the account is, has (`used`) and may have (`quota`)."""
        return dict(self._peer.get(path(user, "account"), authorization=authorization))

    def audit(self, user: str, limit: int, authorization: str | None) -> list[dict[str, Any]]:
        """Return the newest entries of the account's audit log."""
        answer = self._peer.get(path(user, "audit"), authorization=authorization, limit=limit)
        return list(answer["entries"])

    def export(self, user: str, authorization: str | None) -> Iterator[bytes]:
        """Yield a tar archive of everything that the account has."""
        return self._peer.stream("GET", path(user, "account", "export"), authorization=authorization)

    def close(self, user: str, authorization: str | None) -> None:
        """Delete the account with everything that it has."""
        self._peer.delete(path(user, "account"), authorization=authorization, confirm=user)

    def shares(self, authorization: str | None) -> list[dict[str, Any]]:
        """Return the visitor's share links of all plots, without their tokens."""
        return list(self._peer.get("/internal/auth/shares", authorization=authorization)["shares"])
