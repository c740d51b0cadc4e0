"""What the data service asks of others."""

from collections.abc import Iterator
from typing import Any

from bokeh_common.http.peer import Peer, path


class Plots:
    """The plots service: it knows which columns a plot shows."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def hidden_columns(
        self, plot: str, hashes: list[Any], authorization: str | None
    ) -> tuple[list[str], list[str]]:
        """Return those columns that a plot does not show, and the ids of the live sources that it shows."""
        body = {"columns": hashes}
        answer = self._peer.post(
            path("internal", "plots", plot, "columns"), body, authorization=authorization
        )
        return answer["missing"], answer["live"]

    def using(self, user: str, source_id: str) -> Iterator[dict[str, Any]]:
        """Yield each version of each plot of an account that uses a data source."""
        references = self._peer.pages(path("internal", "plots", "references"), "references", user=user)
        return (item for item in references if source_id in item["sources"])

    def shown_columns(self, user: str, source_id: str) -> set[str]:
        """Return the hashes of the columns that plots which use a source show."""
        return {column for item in self.using(user, source_id) for column in item["columns"]}
