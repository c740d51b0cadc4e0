"""A container of Azure for each namespace, so that a service has a credential for its own only."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas

from bokeh_common.errors import Invalid, NotFound, Unavailable
from bokeh_common.storage import ABSENT, namespaces, open_blobs, open_records, require_storage
from bokeh_common.storage.copy import copy
from bokeh_common.storage.testing.servers.azure import ACCOUNT, KEY, connection_string

NAMESPACES = ["auth", "data", "plots"]


def store(url: str) -> None:
    for name in NAMESPACES:
        open_records(url, name).put("key", name, if_match=ABSENT)
        open_blobs(url, name).put("key", [name.encode()])


def use_signature(monkeypatch: pytest.MonkeyPatch, port: int, container: str) -> None:
    """Let this process have a signature for all blobs of a container, and nothing else."""
    token = generate_container_sas(
        ACCOUNT, container, KEY, permission=ContainerSasPermissions.from_string("racwdl"),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )  # fmt: skip
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING")
    monkeypatch.setenv("AZURE_STORAGE_SERVICE_ENDPOINT", f"http://127.0.0.1:{port}/{ACCOUNT}")
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", token)


def test_each_namespace_has_a_container_of_its_own(azurite: int) -> None:
    url = "azure://own-*-here"
    with pytest.raises(NotFound):
        require_storage(url)
    store(url)
    open_records("azure://own-other", "plots").put("key", 1)
    assert namespaces(url) == NAMESPACES
    client = BlobServiceClient.from_connection_string(connection_string(azurite))
    for name in NAMESPACES:
        blobs = list(client.get_container_client(f"own-{name}-here").list_blob_names())
        assert blobs == [f"{name}/blobs/key", f"{name}/records/key"]


@pytest.mark.parametrize("service", NAMESPACES)
def test_a_signature_for_a_container_opens_one_namespace(
    azurite: int, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    url = f"azure://signed-{service}-*"
    store(url)
    use_signature(monkeypatch, azurite, urlsplit(url).netloc.replace("*", service))
    records, blobs = open_records(url, service), open_blobs(url, service)
    assert records.get("key").value == service
    records.put("other", 1, if_match=ABSENT)
    blobs.put("key", [b"x" * (9 << 20)])
    assert [record.key for record in records.list(limit=9)] == ["key", "other"]
    assert [blob.key for blob in blobs.list(limit=9)] == ["key"]
    blobs.delete("key")
    for other in set(NAMESPACES) - {service}:
        with pytest.raises(Unavailable):
            open_records(url, other)


def test_one_container_is_copied_to_many(azurite: int) -> None:
    store("azure://copied")
    copy("azure://copied", "azure://copied-to-*", lambda _: None)
    assert namespaces("azure://copied-to-*") == NAMESPACES
    assert open_records("azure://copied-to-*", "plots").get("key").value == "plots"


def test_a_name_has_one_place_for_the_namespace(azurite: int) -> None:
    with pytest.raises(Invalid, match="one for each namespace"):
        open_records("azure://a-*-*", "plots")
