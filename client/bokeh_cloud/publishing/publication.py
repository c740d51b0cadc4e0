"""Publishes an object: splits it into scene and columns, uploads what is missing, and stores the plot."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from bokeh_cloud.columns.drawn_times import Types
from bokeh_cloud.connection import Connection
from bokeh_cloud.errors import NotPublishable, Rejected
from bokeh_cloud.key_format import is_api_key
from bokeh_cloud.publishing.bundles import Scripts
from bokeh_cloud.publishing.documents import Publishable, serialise
from bokeh_cloud.publishing.scene import SplitDocument, split_document
from bokeh_cloud.publishing.upload import create_sources, upload_chunks

MAX_NAME_LENGTH = 200  # characters
MAX_LOSSES = 50  # the server's limit
MAX_ATTEMPTS = 3  # each uploads only what is missing by then
#: Problems of a publication whose data were collected as garbage while it was in progress.
COLLECTED_PROBLEMS = ("missing-chunks", "missing-columns", "missing-source")


@dataclass(frozen=True, slots=True)
class PreparedPublication:
    """A document that is ready to be sent; its arrays are views of the models' arrays."""

    name: str
    title: str | None
    document: SplitDocument
    scripts: Scripts
    losses: tuple[str, ...] = ()

    def send(self, connection: Connection, user: str, show_progress: bool = True) -> Any:
        """Publish the document in the account `user`, and return the server's summary of the plot.

        Raises:
            CloudError: see `Connection.request`; the plot is unchanged.
        """
        for _ in range(MAX_ATTEMPTS - 1):
            try:
                return self._send(connection, user, show_progress)
            except Rejected as error:
                if error.slug not in COLLECTED_PROBLEMS:
                    raise
        return self._send(connection, user, show_progress)

    def _send(self, connection: Connection, user: str, show_progress: bool) -> Any:
        new = [source for source in self.document.sources if source.stored_id is None]
        sources = {source.model or "arrays": source.columns for source in new}
        names = [f"{self.name}/{source.label}" for source in new]
        columns = (column for source in new for column in source.columns.values())
        upload_chunks(connection, user, columns, f"Publishing {self.name}", show_progress)
        ids = iter(create_sources(connection, user, sources, names, [source.types for source in new]))
        body = {
            "name": self.name,
            "document": self.document.scene,
            "sources": [
                {"model": source.model, "id": source.stored_id or next(ids)}
                for source in self.document.sources
            ],
            "bundles": list(self.scripts.bundles),
            "extensions": list(self.scripts.extensions),
        }
        if self.title is not None:
            body["title"] = self.title
        if self.losses:
            body["losses"] = list(self.losses[:MAX_LOSSES])
        return connection.json("POST", f"/{quote(user)}/store", json=body)


def prepare(
    obj: Publishable, name: str, title: str | None = None, losses: Sequence[str] = ()
) -> PreparedPublication:
    """Serialise and split an object; sends nothing.

    Raises:
        NotPublishable: it is not a Bokeh object, is empty, or cannot be serialised; or the name is invalid.
    """
    _check_name(name)
    content, scripts, types = serialise(obj)
    try:
        document = _with_types(split_document(content), types)
    except ValueError as error:
        raise NotPublishable(f"This cannot be published: {error}.") from error
    has_title = title is not None and bool(title.strip())  # Bokeh's output_file(title="") means no title
    return PreparedPublication(name, title if has_title else None, document, scripts, tuple(losses))


def _with_types(document: SplitDocument, types: Mapping[str, Types]) -> SplitDocument:
    """Return a document whose data sources know the types of their times."""
    sources = [replace(source, types=types.get(source.model or "", {})) for source in document.sources]
    return replace(document, sources=tuple(sources))


def _check_name(name: str) -> None:
    if is_api_key(name):
        raise NotPublishable("This name is an API key. Pass the key to Server or Cloud, and name the plot.")
    is_valid = 0 < len(name) <= MAX_NAME_LENGTH
    if not is_valid or any(char == "/" or unicodedata.category(char) in ("Cc", "Cs") for char in name):
        raise NotPublishable(
            f"{name!r} cannot name a plot: use 1 to {MAX_NAME_LENGTH} characters, no slashes, no control "
            "characters."
        )
