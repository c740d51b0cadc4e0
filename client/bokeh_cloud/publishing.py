"""Publishes an object: take it apart, send what is missing, name the result."""

import unicodedata
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .bundles import Scripts
from .connection import Connection
from .documents import Publishable, serialise
from .errors import NotPublishable, Rejected
from .scene import Parts, split
from .upload import create_sources, upload_chunks

LONGEST_NAME = 200  # characters
ATTEMPTS = 3  # each sends only what is missing by then
COLLECTED = ("missing-chunks", "missing-columns", "missing-source")  # its data went away in between


@dataclass(frozen=True, slots=True)
class Publication:
    """What is ready to be sent. Its arrays are views of the publisher's: they must not change before."""

    name: str
    title: str | None
    parts: Parts
    scripts: Scripts

    def send(self, connection: Connection, user: str, show_progress: bool = True) -> Any:
        """Publish in the account of `user` and return the server's summary of the plot.

        Raises:
            CloudError: see `Connection.request`; the plot is then as it was before.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                return self._send(connection, user, show_progress)
            except Rejected as error:
                if error.slug not in COLLECTED:
                    raise
        return self._send(connection, user, show_progress)

    def _send(self, connection: Connection, user: str, show_progress: bool) -> Any:
        own = [source for source in self.parts.sources if source.stored is None]
        sources = {source.model or "arrays": source.columns for source in own}
        names = [f"{self.name}/{source.label}" for source in own]
        columns = (column for source in own for column in source.columns.values())
        upload_chunks(connection, user, columns, f"Publishing {self.name}", show_progress)
        ids = iter(create_sources(connection, user, sources, names))
        body = {
            "name": self.name,
            "document": self.parts.scene,
            "sources": [
                {"model": source.model, "id": source.stored or next(ids)} for source in self.parts.sources
            ],
            "bundles": list(self.scripts.bundles),
            "extensions": list(self.scripts.extensions),
        }
        if self.title is not None:
            body["title"] = self.title
        return connection.json("POST", f"/{quote(user)}/store", json=body)


def prepare(obj: Publishable, name: str, title: str | None = None) -> Publication:
    """Take an object apart; sends nothing.

    Raises:
        NotPublishable: it is no Bokeh object, is empty, or cannot be serialised; or the name is none.
    """
    _check_name(name)
    content, scripts = serialise(obj)
    try:
        parts = split(content)
    except ValueError as error:
        raise NotPublishable(f"This cannot be published: {error}.") from error
    return Publication(name, title, parts, scripts)


def _check_name(name: str) -> None:
    fine = 0 < len(name) <= LONGEST_NAME
    if not fine or any(letter == "/" or unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        raise NotPublishable(
            f"{name!r} cannot name a plot: use 1 to {LONGEST_NAME} characters, no slashes or control ones."
        )
