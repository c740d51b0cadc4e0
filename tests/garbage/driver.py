"""A cloud in this process, and the requests of a client, which a test can send one by one."""

import json
import secrets
from typing import Any

import pytest
from blake3 import blake3
from falcon import testing

import bokeh_gc.settings
from bokeh_auth.settings import Settings
from bokeh_cloud_server import embedded
from bokeh_common.http.client.app_transport import AppTransport
from bokeh_common.http.client.blocking_client import BlockingServiceClient, wait_for
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.storage import BlobStore, RecordStore, open_blobs, open_records
from bokeh_gc.clients import KeyspaceClient
from bokeh_gc.collection.collector import Collector
from bokeh_gc.collection.external_sort import SortedStreams
from bokeh_gc.collection.mark_and_sweep import MarkAndSweep
from bokeh_gc.container import Dependencies, Domain
from tests.garbage.stores import CrashAfterWrites, Hook, HookedBlobs, HookedRecords
from tests.support.documents import text_document

ATTEMPTS = 20
USER = "local"


class RequestRejected(Exception):
    """The cloud responded with an error, which the message has."""


class SteppedCloud:
    """The services of a cloud without accounts.

    Attributes:
        url: URL of the storage.
        suffix: distinguishes the namespaces of this cloud from those of others on the same storage.
        grace: the collector's grace period, in seconds.
        pages: whether the web service is one of the services.
        crash: lets the running services crash once a test sets after how many writes.
    """

    def __init__(
        self, url: str, suffix: str | None = None, grace: float = 0.0, *, pages: bool = False
    ) -> None:
        self.url = url
        self.suffix = suffix or secrets.token_hex(4)
        self.grace = grace
        self.pages = pages
        self.start()

    def start(self, hook: Hook | None = None) -> None:
        """Start all services again; nothing is left of what they had in memory.

        Args:
            hook: is called before each operation on their stores; by default, it is a new `crash`.
        """
        self.crash = CrashAfterWrites()
        called = hook or self.crash
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(embedded, "open_records", lambda _, name: HookedRecords(self.records(name), called))
            patch.setattr(embedded, "open_blobs", lambda _, name: HookedBlobs(self.blobs(name), called))
            patch.setenv("BOKEH_CLOUD_GC_GRACE_HOURS", str(self.grace / 3600))
            self.tokens = embedded.new_tokens()
            self.apps: Any = embedded.create_services(
                self.url, Settings(self.url), self.tokens, pages=self.pages
            )

    def records(self, service: str) -> RecordStore:
        """Open the records of a service, without its hook."""
        return open_records(self.url, f"{service}-{self.suffix}")

    def blobs(self, service: str) -> BlobStore:
        """Open the blobs of a service, without its hook."""
        return open_blobs(self.url, f"{service}-{self.suffix}")

    def service_client(self, service: str) -> ServiceClient:
        """Return the client through which the garbage collector calls a service."""
        return ServiceClient(f"http://{service}", AppTransport(lambda: self.apps[service]), self.tokens["gc"])

    def keyspace_client(self) -> KeyspaceClient:
        """Return the collector's client of the services that store collectable objects."""
        return KeyspaceClient(
            {name: BlockingServiceClient(self.service_client(name)) for name in ("plots", "data")}
        )

    def mark_and_sweep(self, streams: SortedStreams, now: float, user: str | None = None) -> MarkAndSweep:
        """Return a run of the collector whose steps the caller executes."""
        return MarkAndSweep(self.keyspace_client(), streams, now, self.grace, user)

    def gc_domain(self, **settings: Any) -> Domain:
        """Return the collector and its worker as the gc service builds them."""
        clients = {name: self.service_client(name) for name in ("auth", "plots", "data")}
        configured = bokeh_gc.settings.Settings(
            self.url, **{"grace_hours": self.grace / 3600, "rest": 0, **settings}
        )
        return Domain.create(Dependencies(configured, self.records("gc"), **clients))

    def collector(self) -> Collector:
        """Return the collector that the worker of the gc service uses."""
        return self.gc_domain().collector

    def request(self, method: str, path: str, **options: Any) -> testing.Result:
        """Send a request of a client; `options` are those of falcon's `simulate_request`.

        Raises:
            RequestRejected: the status is 400 or above.
        """
        service = {"data": "data", "gc": "gc", "keys": "auth"}.get(path.split("/")[2], "plots")
        app = testing.ASGIConductor(self.apps[service])
        # All requests are processed on one loop, as in a server.
        response: testing.Result = wait_for(app.simulate_request, method, path, **options)
        if response.status_code >= 400:
            raise RequestRejected(f"{response.status_code} {response.text}")
        return response

    def upload(self, data: bytes) -> str:
        """Upload a chunk if it is missing; return its hash."""
        chunk = blake3(data).hexdigest()
        body = {"chunks": [chunk]}
        if self.request("POST", f"/{USER}/data/chunks/missing", json=body).json["missing"]:
            self.request("PUT", f"/{USER}/data/chunks/{chunk}", body=data)
        return chunk

    def commit(self, chunks: tuple[bytes, ...]) -> Any:
        """Commit a data source with one column for each of these chunks; return its summary."""
        columns = {
            f"c{number}": {
                "dtype": "uint8",
                "shape": [len(data)],
                "chunks": [{"hash": blake3(data).hexdigest(), "size": len(data)}],
            }
            for number, data in enumerate(chunks)
        }
        return self.request("POST", f"/{USER}/data", json={"name": "s", "columns": columns}).json

    def store(self, name: str, source: Any, text: str = "") -> Any:
        """Publish a document that refers to a data source; return the plot."""
        arrays = [{"type": "bytes", "data": {"id": c["hash"]}} for c in source["columns"].values()]
        body = {
            "name": name,
            "document": text_document(text, arrays=arrays),
            "sources": [{"model": None, "id": source["id"]}],
            "extensions": [f"// {text}"] if text else [],
        }
        return self.request("POST", f"/{USER}/store", json=body).json

    def publish(self, name: str, chunks: tuple[bytes, ...], text: str = "") -> Any:
        """Publish as the client does, which starts again if data was collected in the meantime."""
        for _ in range(ATTEMPTS):
            try:
                for data in chunks:
                    self.upload(data)
                return self.store(name, self.commit(chunks), text)
            except RequestRejected as rejection:
                last = rejection
        raise last

    def plots(self) -> dict[str, Any]:
        """Return all plots by name."""
        return {plot["name"]: plot for plot in self.request("GET", f"/{USER}/plots?limit=1000").json["plots"]}

    def delete_plot(self, plot: str) -> None:
        """Delete a plot by its id."""
        self.request("DELETE", f"/{USER}/plots/{plot}")

    def versions(self, plot: str) -> list[int]:
        """Return the numbers of the versions of a plot, oldest first."""
        found = self.request("GET", f"/{USER}/plots/{plot}/versions").json["versions"]
        return [version["version"] for version in reversed(found)]

    def read_plot(self, plot: str, version: int | None = None) -> tuple[str, tuple[bytes, ...]]:
        """Return the text and the chunks of a plot, fetched as a browser does."""
        query = f"?version={version}" if version else ""
        scene = json.loads(self.request("GET", f"/{USER}/plots/{plot}/scene{query}").content)
        [root] = scene["roots"]
        hashes = [array["data"]["id"] for array in root["attributes"]["arrays"]]
        batch = (
            self.request("POST", f"/{USER}/data/columns", json={"columns": hashes}).content if hashes else b""
        )
        chunks = []
        for _ in hashes:
            size = int.from_bytes(batch[:8], "little")
            chunks.append(batch[8 : 8 + size])
            batch = batch[8 + size :]
        return root["attributes"]["text"], tuple(chunks)

    def collect(self, dry_run: bool = False) -> Any:
        """Run the collector for all accounts."""
        return self.collector().run(dry_run=dry_run)

    def expire_leases(self) -> None:
        """Delete all leases, as if those of crashed processes had expired."""
        leases = self.records("gc")
        for record in leases.list("leases/"):
            leases.delete(record.key)

    def stored_bytes(self) -> int:
        """Return the size of all blobs in the stores."""
        return sum(
            stat.size for service in ("plots", "data") for stat in self.blobs(service).list(limit=10_000)
        )
