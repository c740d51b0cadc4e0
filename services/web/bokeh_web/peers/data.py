"""What the web service asks of the data service."""

import base64
from collections.abc import Iterator
from typing import Any

from bokeh_common.http.peer import Peer, path


class Data:
    """The data service, asked in the name of the visitor."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def sources(self, user: str, authorization: str | None) -> list[dict[str, Any]]:
        """Return summaries of the account's data sources."""
        return list(self._peer.pages(path(user, "data"), "sources", authorization=authorization))

    def source(self, user: str, source: str, authorization: str | None) -> dict[str, Any]:
        """Return the summary of a data source; `NotFound`."""
        return dict(self._peer.get(path(user, "data", source), authorization=authorization))

    def rows(
        self, user: str, source: str, form: str, authorization: str | None, version: int | None = None
    ) -> Iterator[bytes]:
        """Yield all rows of a version of a data source in a form, such as "csv"; `NotFound`."""
        query = "" if version is None else f"?version={version}"
        address = f"{path(user, 'data', f'{source}.{form}')}{query}"
        return self._peer.stream("GET", address, authorization=authorization)

    def delete(self, user: str, source: str, authorization: str | None) -> None:
        """Delete a data source, also where plots use it; `NotFound`."""
        self._peer.delete(path(user, "data", source), authorization=authorization, force="true")

    def column(self, user: str, column: str, authorization: str) -> Iterator[bytes]:
        """Yield the bytes of a column, as BokehJS takes them, in base64."""
        address = path(user, "data", "columns", column)
        rest = b""
        for block in self._peer.stream("GET", address, authorization=authorization):
            block = rest + block
            whole = len(block) - len(block) % 3
            rest = block[whole:]
            yield base64.b64encode(block[:whole])
        yield base64.b64encode(rest)
