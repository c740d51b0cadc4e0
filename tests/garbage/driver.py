"""A cloud in this process, and somebody who uses it as a client does, step by step."""

import json
import secrets
from typing import Any

import pytest
from blake3 import blake3
from falcon import testing

import bokeh_gc.app
import bokeh_gc.settings
import embedded
from bokeh_auth.settings import Settings
from bokeh_common.http.peer import Peer
from bokeh_common.http.transport import WSGIAdapter
from bokeh_common.storage import BlobStore, RecordStore, open_blobs, open_records
from bokeh_gc.collector import Collector
from bokeh_gc.peers import Holdings
from bokeh_gc.runs import Folder
from bokeh_gc.sweep import Sweep
from tests.garbage.stores import Fuse, Hook, HookedBlobs, HookedRecords

ATTEMPTS = 20
USER = "local"


class Refused(Exception):
    """The cloud answered with an error; its text tells which."""


class Cloud:
    """The services of a cloud without keys, on a part of a storage that nobody else uses."""

    def __init__(self, url: str, part: str | None = None, grace: float = 0.0) -> None:
        self.url = url
        self.part = part or secrets.token_hex(4)
        self.grace = grace
        self.start(Fuse())

    def start(self, hook: Hook) -> None:
        """Start all services anew; `hook` is called before each operation on their stores."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(embedded, "open_records", lambda _, name: HookedRecords(self.records(name), hook))
            patch.setattr(embedded, "open_blobs", lambda _, name: HookedBlobs(self.blobs(name), hook))
            patch.setenv("BOKEH_CLOUD_GC_GRACE_HOURS", str(self.grace / 3600))
            self.tokens = embedded.new_tokens()
            self.apps: Any = embedded.create_services(self.url, Settings(self.url), self.tokens)

    def records(self, service: str) -> RecordStore:
        """Open the records of a service, behind its back."""
        return open_records(self.url, f"{service}-{self.part}")

    def blobs(self, service: str) -> BlobStore:
        """Open the blobs of a service, behind its back."""
        return open_blobs(self.url, f"{service}-{self.part}")

    def peer(self, service: str) -> Peer:
        """Return a service as the garbage collector asks it."""
        return Peer(f"http://{service}", WSGIAdapter(lambda: self.apps[service]), self.tokens["gc"])

    def sweep(self, folder: Folder, now: float, user: str | None = None) -> Sweep:
        """Return a run of the collector, to be done in steps."""
        services = {name: self.peer(name) for name in ("plots", "data")}
        return Sweep(Holdings(services), folder, now, self.grace, user)

    def collector(self) -> Collector:
        """Return what the worker uses."""
        peers = {name: self.peer(name) for name in ("auth", "plots", "data")}
        settings = bokeh_gc.settings.Settings(self.url, grace_hours=self.grace / 3600, rest=0)
        return bokeh_gc.app.create_collector(bokeh_gc.app.Dependencies(settings, self.records("gc"), **peers))

    def ask(self, method: str, path: str, **how: Any) -> testing.Result:
        """Send a request of a client."""
        service = {"data": "data", "gc": "gc", "keys": "auth"}.get(path.split("/")[2], "plots")
        answer = testing.TestClient(self.apps[service]).simulate_request(method, path, **how)
        if answer.status_code >= 400:
            raise Refused(f"{answer.status_code} {answer.text}")
        return answer

    def upload(self, data: bytes) -> str:
        """Upload a chunk, if it is missing; return its hash."""
        chunk = blake3(data).hexdigest()
        body = {"chunks": [chunk]}
        if self.ask("POST", f"/{USER}/data/chunks/missing", json=body).json["missing"]:
            self.ask("PUT", f"/{USER}/data/chunks/{chunk}", body=data)
        return chunk

    def commit(self, datas: tuple[bytes, ...]) -> Any:
        """Commit a data source of a column for each of these chunks; return its summary."""
        columns = {
            f"c{number}": {
                "dtype": "uint8",
                "shape": [len(data)],
                "chunks": [{"hash": blake3(data).hexdigest(), "size": len(data)}],
            }
            for number, data in enumerate(datas)
        }
        return self.ask("POST", f"/{USER}/data", json={"name": "s", "columns": columns}).json

    def store(self, name: str, source: Any, text: str = "") -> Any:
        """Publish a scene that shows a source."""
        arrays = [{"type": "bytes", "data": {"id": c["hash"]}} for c in source["columns"].values()]
        attributes = {"text": text, "arrays": arrays}
        root = {"type": "object", "name": "Div", "id": "p1", "attributes": attributes}
        body = {
            "name": name,
            "document": {"version": "3.9.2", "roots": [root]},
            "sources": [{"model": None, "id": source["id"]}],
            "extensions": [f"// {text}"] if text else [],
        }
        return self.ask("POST", f"/{USER}/store", json=body).json

    def publish(self, name: str, datas: tuple[bytes, ...], text: str = "") -> Any:
        """Publish as the client does: when something is gone that was there, it begins again."""
        for _ in range(ATTEMPTS):
            try:
                for data in datas:
                    self.upload(data)
                return self.store(name, self.commit(datas), text)
            except Refused as refusal:
                last = refusal
        raise last

    def plots(self) -> dict[str, Any]:
        """Return all plots by name."""
        return {plot["name"]: plot for plot in self.ask("GET", f"/{USER}/plots?limit=1000").json["plots"]}

    def shown(self, plot: str, version: int | None = None) -> tuple[str, tuple[bytes, ...]]:
        """Return the text and the data that a plot shows, read as a browser reads them."""
        query = f"?version={version}" if version else ""
        scene = json.loads(self.ask("GET", f"/{USER}/plots/{plot}/scene{query}").content)
        [root] = scene["roots"]
        hashes = [array["data"]["id"] for array in root["attributes"]["arrays"]]
        batch = self.ask("POST", f"/{USER}/data/columns", json={"columns": hashes}).content if hashes else b""
        datas = []
        for _ in hashes:
            size = int.from_bytes(batch[:8], "little")
            datas.append(batch[8 : 8 + size])
            batch = batch[8 + size :]
        return root["attributes"]["text"], tuple(datas)

    def collect(self, dry_run: bool = False) -> Any:
        """Run the collector for all accounts."""
        return self.collector().run(dry_run=dry_run)

    def expire_leases(self) -> None:
        """Do what time does: nobody who crashed is waited for."""
        leases = self.records("gc")
        for record in leases.list("leases/"):
            leases.delete(record.key)

    def stored_bytes(self) -> int:
        """Return the bytes of all blobs, by looking at the stores."""
        return sum(
            stat.size for service in ("plots", "data") for stat in self.blobs(service).list(limit=10_000)
        )
