"""A cloud with accounts, in this process."""

import io
import tarfile
from pathlib import Path
from typing import Any

from blake3 import blake3
from falcon import testing

from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.scopes import SCOPES
from bokeh_auth.settings import Settings
from bokeh_cloud_server import embedded
from bokeh_common.storage import open_blobs, open_records
from tests.support.documents import text_document

NAMESPACES = ("auth", "plots", "data")


class AccountCloud:
    """A cloud with the accounts ada and bob; `settings` are those of the auth service."""

    def __init__(self, storage: str, outbox: Path, **settings: Any) -> None:
        self.storage = storage
        self.domain = AccountDomain.on_storage(open_records(storage, "auth"))
        for name in ("ada", "bob"):
            self.domain.accounts.create(f"{name}@example.com", name)
        auth = Settings(storage, accounts=True, cache_seconds=0, outbox=outbox, **settings)
        self.client = testing.TestClient(embedded.create_app(storage, auth))

    def make_key(self, user: str, *scopes: str, expires: str | None = None) -> str:
        """Return a new API key of an account; it has all scopes if none is given."""
        return self.domain.keys.create(user, "x", scopes or list(SCOPES), expires, frozenset(SCOPES))[1]

    def request(self, method: str, path: str, key: str | None, **options: Any) -> Any:
        """Send a request with a credential; `options` are those of falcon's `simulate_request`."""
        headers = options.pop("headers", {})
        if key:
            headers = {**headers, "Authorization": f"Bearer {key}"}
        return self.client.simulate_request(method, path, headers=headers, host="localhost", **options)

    def publish(self, user: str, key: str, name: str, text: str = "hello") -> str:
        """Publish a plot without data and return its id."""
        response = self.request(
            "POST", f"/{user}/store", key, json={"name": name, "document": text_document(text)}
        )
        assert response.status_code in {200, 201}, response.text
        return str(response.json["id"])

    def upload(self, user: str, key: str, data: bytes, live: bool = False) -> str:
        """Commit a data source with one column of these bytes; return its id."""
        name = blake3(data).hexdigest()
        assert self.request("PUT", f"/{user}/data/chunks/{name}", key, body=data).status_code in {201, 204}
        chunks = [{"hash": name, "size": len(data)}]
        columns = {"x": {"dtype": "uint8", "shape": [len(data)], "chunks": chunks}}
        response = self.request(
            "POST", f"/{user}/data", key, json={"name": "x", "live": live, "columns": columns}
        )
        assert response.status_code in {200, 201}, response.text
        return str(response.json["id"])

    def append(self, user: str, key: str, source: str, values: list[int]) -> None:
        """Append rows to a live source."""
        response = self.request("POST", f"/{user}/data/{source}/rows", key, json={"rows": {"x": values}})
        assert response.status_code == 200, response.text

    def storage_keys(self, user: str) -> list[str]:
        """Return the keys of all records and blobs of an account."""
        found = []
        for namespace in NAMESPACES:
            found += [record.key for record in open_records(self.storage, namespace).list(limit=10_000)]
            if namespace != "auth":
                found += [blob.key for blob in open_blobs(self.storage, namespace).list(limit=10_000)]
        return [key for key in found if f"/{user}/" in f"{key}/"]


def read_tar(archive: bytes) -> dict[str, bytes]:
    """Return the files in a tar archive, by path."""
    files = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        for name in opened.getnames():
            file = opened.extractfile(name)
            assert file is not None, f"{name} is not a file"
            files[name] = file.read()
    return files
