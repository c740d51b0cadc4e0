"""What the auth service asks of others: the services that keep what accounts have."""

from collections import Counter
from collections.abc import Iterator

from bokeh_common.http.peer import Peer, path


class Keeper:
    """A service that keeps things of accounts."""

    def __init__(self, peer: Peer, name: str) -> None:
        """Take the service, and its name in paths."""
        self._peer = peer
        self._name = name

    def usage(self, user: str) -> dict[str, int]:
        """Return how much of what the account has there; `bytes` among it."""
        return dict(self._peer.get(self._address(user)))

    def erase(self, user: str) -> Iterator[dict[str, int]]:
        """Delete whatever the account has there; yield how much it was, step by step.

        The service deletes a bounded number of things at a request, so that each ends in time; what is asked
        again goes on where it stopped.
        """
        done = False
        while not done:
            answer = dict(self._peer.delete(self._address(user)))
            done = bool(answer.pop("done"))
            yield answer

    def archive(self, user: str) -> Iterator[bytes]:
        """Yield what the account has there, as files of an archive."""
        return self._peer.stream("GET", f"{self._address(user)}/archive", authorization=None)

    def _address(self, user: str) -> str:
        return path("internal", self._name, "accounts", user)


class Keepers:
    """All of them."""

    def __init__(self, plots: Peer, data: Peer) -> None:
        # What refers goes first, as anywhere: a plot must not outlive its data.
        self._keepers = (Keeper(plots, "plots"), Keeper(data, "data"))

    def usage(self, user: str) -> dict[str, int]:
        """Return how much the account has in all; `plots`, `sources`, `bytes`."""
        total: Counter[str] = Counter()
        for keeper in self._keepers:
            total.update(keeper.usage(user))
        return dict(total)

    def archive(self, user: str) -> Iterator[bytes]:
        """Yield what the account has, as files of an archive."""
        for keeper in self._keepers:
            yield from keeper.archive(user)

    def erase(self, user: str) -> Iterator[dict[str, int]]:
        """Delete whatever the account has; yield how much it was, step by step."""
        for keeper in self._keepers:
            yield from keeper.erase(user)
