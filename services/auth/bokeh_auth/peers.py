"""What the auth service asks of others: the services that keep what accounts have."""

from collections import Counter

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

    def erase(self, user: str) -> dict[str, int]:
        """Delete whatever the account has there; return how much it was.

        The service deletes a bounded number of things at a request, so that each ends in time; what is asked
        again goes on where it stopped.
        """
        gone: Counter[str] = Counter()
        done = False
        while not done:
            answer = dict(self._peer.delete(self._address(user)))
            done = answer.pop("done")
            gone.update(answer)
        return dict(gone)

    def _address(self, user: str) -> str:
        return path("internal", self._name, "accounts", user)


class Keepers:
    """All of them."""

    def __init__(self, plots: Peer, data: Peer) -> None:
        # What refers goes first, as anywhere: a plot must not outlive its data.
        self._keepers = (Keeper(plots, "plots"), Keeper(data, "data"))

    def usage(self, user: str) -> dict[str, int]:
        """Return how much the account has in all; `plots`, `sources`, `bytes`."""
        return _sum([keeper.usage(user) for keeper in self._keepers])

    def erase(self, user: str) -> dict[str, int]:
        """Delete whatever the account has; return how much it was, as `usage`."""
        return _sum([keeper.erase(user) for keeper in self._keepers])


def _sum(counts: list[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(total)
