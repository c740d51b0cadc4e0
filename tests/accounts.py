"""A cloud with accounts in this process, for the tests of one's own account."""

import io
import tarfile
from pathlib import Path
from typing import Any

from blake3 import blake3
from falcon import testing

import embedded
from bokeh_auth.domain import Domain
from bokeh_auth.records import Records
from bokeh_auth.scopes import SCOPES
from bokeh_auth.settings import Settings
from bokeh_common.storage import open_blobs, open_records

NAMESPACES = ("auth", "plots", "data")


class Cloud:
    """A cloud with the accounts ada and bob."""

    def __init__(self, storage: str, outbox: Path, **settings: Any) -> None:
        self.storage = storage
        self.domain = Domain.on(Records(open_records(storage, "auth")))
        for name in ("ada", "bob"):
            self.domain.accounts.create(f"{name}@example.com", name)
        given = Settings(storage, accounts=True, remembered=0, outbox=outbox, **settings)
        self.client = testing.TestClient(embedded.create_app(storage, given))

    def key(self, user: str, *scopes: str, expires: str | None = None) -> str:
        """Make a key; with all scopes where none is named."""
        return self.domain.keys.make(user, "x", scopes or list(SCOPES), expires, frozenset(SCOPES))[1]

    def ask(self, method: str, path: str, key: str | None, **how: Any) -> Any:
        """Send a request."""
        headers = {"Host": "localhost", **how.pop("headers", {})}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        return self.client.simulate_request(method, path, headers=headers, **how)

    def publish(self, user: str, key: str, name: str, text: str = "hello") -> str:
        """Publish a plot without data and return its id."""
        root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": text}}
        body = {"name": name, "document": {"version": "3.9.2", "roots": [root]}}
        answer = self.ask("POST", f"/{user}/store", key, json=body)
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json["id"])

    def upload(self, user: str, key: str, data: bytes, live: bool = False) -> str:
        """Commit a data source with one column of these bytes, and return its id."""
        name = blake3(data).hexdigest()
        assert self.ask("PUT", f"/{user}/data/chunks/{name}", key, body=data).status_code in {201, 204}
        chunks = [{"hash": name, "size": len(data)}]
        columns = {"x": {"dtype": "uint8", "shape": [len(data)], "chunks": chunks}}
        answer = self.ask("POST", f"/{user}/data", key, json={"name": "x", "live": live, "columns": columns})
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json["id"])

    def append(self, user: str, key: str, source: str, values: list[int]) -> None:
        """Append rows to a live source."""
        answer = self.ask("POST", f"/{user}/data/{source}/rows", key, json={"rows": {"x": values}})
        assert answer.status_code == 200, answer.text

    def keys_of(self, user: str) -> list[str]:
        """Return the keys of everything that is stored under an account."""
        found = []
        for namespace in NAMESPACES:
            found += [record.key for record in open_records(self.storage, namespace).list(limit=10_000)]
            if namespace != "auth":
                found += [blob.key for blob in open_blobs(self.storage, namespace).list(limit=10_000)]
        return [key for key in found if f"/{user}/" in f"{key}/"]


def files_of(archive: bytes) -> dict[str, bytes]:
    """Return what is in a tar archive, by path."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {name: opened.extractfile(name).read() for name in opened.getnames()}  # type: ignore[union-attr]  # all are files
