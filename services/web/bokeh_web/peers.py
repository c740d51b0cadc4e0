"""What the web service asks of others."""

from typing import Any

from bokeh_common.http.peer import Peer, path


class Plots:
    """The plots service, asked in the name of the visitor."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def all(self, user: str, authorization: str | None) -> list[dict[str, Any]]:
        """Return summaries of the account's plots."""
        return list(self._peer.pages(path(user, "plots"), "plots", authorization=authorization))

    def view(self, plot: str, version: int | None, authorization: str | None) -> dict[str, Any]:
        """Return what a page has to know to show a plot; `NotFound`."""
        answer = self._peer.get(path("internal", "plots", plot), authorization=authorization, version=version)
        return dict(answer)

    def extension(self, plot: str, name: str) -> bytes:
        """Return the JavaScript of a custom model; `NotFound`."""
        address = path("internal", "plots", plot, "extensions", name)
        return b"".join(self._peer.stream("GET", address, authorization=None))


class Auth:
    """The auth service."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def view_token(self, user: str, plot: str) -> str:
        """Return a token that opens this one plot, for minutes."""
        answer = self._peer.post("/internal/auth/view-tokens", {"user_id": user, "plot": plot})
        return str(answer["token"])
