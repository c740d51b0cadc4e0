"""What the web service asks of the garbage collector."""

from typing import Any

from bokeh_common.http.peer import Peer, path

#: As many as it lists at once; each page makes it look at everything that the account has.
MOST = 1000


class Garbage:
    """The garbage collector, asked in the name of the visitor."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def orphans(self, user: str, authorization: str | None) -> list[dict[str, Any]]:
        """Return what nothing of the account refers to: the first `MOST`."""
        answer = self._peer.get(path(user, "gc", "orphans"), authorization=authorization, limit=MOST)
        return list(answer["orphans"])

    def run(self, user: str, authorization: str | None) -> dict[str, Any]:
        """Delete it; return `freed`, the number of things by kind, and `bytes`; `Conflict`."""
        return dict(self._peer.post(path(user, "gc", "run"), {}, authorization=authorization))
