"""The Azure backend, accessed by the SDK."""

import json
from typing import Any

from azure.storage.blob import BlobServiceClient

from bokeh_common.storage import JSON
from bokeh_common.storage.testing.servers.backend import Backend

#: The default account of Azurite, as documented.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
CONTAINER = "contract"


def connection_string(port: int) -> str:
    """Return the connection string of an Azurite."""
    endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={endpoint};"


class AzureBackend(Backend):
    """A container of Azurite; AZURE_STORAGE_CONNECTION_STRING must be set for the stores."""

    def __init__(self, port: int, options: str = "") -> None:
        super().__init__(f"azure://{CONTAINER}{options}")
        service = BlobServiceClient.from_connection_string(connection_string(port))
        self.client = service.get_container_client(CONTAINER)
        if not self.client.exists():
            self.client.create_container()

    def insert_record(self, key: str, value: JSON) -> None:
        """Insert a record whose key consists of lower-case letters, digits and "/"."""
        self.client.upload_blob(f"{self.namespace}/records/{key}", json.dumps(value))

    def insert_blob(self, key: str, data: bytes) -> None:
        """Insert a blob whose key consists of lower-case letters, digits and "/"."""
        self.client.upload_blob(f"{self.namespace}/blobs/{key}", data)

    def stored_records(self) -> dict[str, JSON]:
        return {key: json.loads(data) for key, data in self._stored("records").items()}

    def stored_blobs(self) -> dict[str, bytes]:
        return self._stored("blobs")

    def _stored(self, folder: str) -> dict[str, Any]:
        base = f"{self.namespace}/{folder}/"
        names = list(self.client.list_blob_names(name_starts_with=base))
        return {name.removeprefix(base): self.client.download_blob(name).readall() for name in names}
