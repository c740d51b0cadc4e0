"""Features of the Azure backend: accounts, containers, names, leases, and concurrent uploads."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from azure.storage.blob import BlobServiceClient

from bokeh_common.errors import Invalid, NotFound, Unavailable
from bokeh_common.storage import ABSENT, open_blobs, open_records
from bokeh_common.storage.azure import container
from bokeh_common.storage.azure.account import AzureAccount
from bokeh_common.storage.azure.container import blob_name
from bokeh_common.storage.testing.contract.samples import KEYS
from bokeh_common.storage.testing.servers.azure import ACCOUNT, KEY, AzureBackend, connection_string

MIB = 1 << 20


def test_accounts_are_read_from_the_environment() -> None:
    assert AzureAccount.from_env({"AZURE_STORAGE_CONNECTION_STRING": "text"}) == AzureAccount("text")
    named = AzureAccount.from_env({"AZURE_STORAGE_ACCOUNT": "ada", "AZURE_STORAGE_KEY": "c2VjcmV0"})
    assert named == AzureAccount(name="ada", url="https://ada.blob.core.windows.net", key="c2VjcmV0")
    signed = {"AZURE_STORAGE_ACCOUNT_URL": "https://x.example", "AZURE_STORAGE_SAS_TOKEN": "sig=1"}
    assert AzureAccount.from_env(signed) == AzureAccount(url="https://x.example", sas_token="sig=1")
    assert "c2VjcmV0" not in repr(named)
    with pytest.raises(Invalid, match="AZURE_STORAGE_CONNECTION_STRING"):
        AzureAccount.from_env({})


def test_the_account_of_a_custom_domain_is_named() -> None:
    environ = {
        "AZURE_STORAGE_ACCOUNT": "ada",
        "AZURE_STORAGE_SERVICE_ENDPOINT": "https://blobs.example.com",
        "AZURE_STORAGE_KEY": "c2VjcmV0",
    }
    client = AzureAccount.from_env(environ).client()
    assert (client.url, client.credential.account_name) == ("https://blobs.example.com/", "ada")


def test_without_a_secret_the_default_credential_is_used() -> None:
    from azure.identity import DefaultAzureCredential

    client = AzureAccount.from_env({"AZURE_STORAGE_ACCOUNT": "ada"}).client()
    assert client.url == "https://ada.blob.core.windows.net/"
    assert isinstance(client.credential, DefaultAzureCredential)


def test_an_account_is_found_by_url_and_key(azurite: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING")
    monkeypatch.setenv("AZURE_STORAGE_SERVICE_ENDPOINT", f"http://127.0.0.1:{azurite}/{ACCOUNT}")
    monkeypatch.setenv("AZURE_STORAGE_KEY", KEY)
    store = open_records("azure://by-url", "plots")
    store.put("key", 1, if_match=ABSENT)
    assert store.get("key").value == 1
    monkeypatch.setenv("AZURE_STORAGE_KEY", "d3Jvbmc=")
    with pytest.raises(Unavailable):
        open_records("azure://by-url", "plots")


@pytest.mark.parametrize("text", ["nonsense", "BlobEndpoint="])
def test_invalid_connection_strings_are_rejected(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)
    with pytest.raises(Invalid, match="AZURE_STORAGE_ACCOUNT"):
        open_records("azure://container", "plots")


@pytest.mark.parametrize("url", ["azure://", "azure:///x", "azure://a/b", "azure://a?timeout=0"])
def test_invalid_urls_are_rejected(url: str, azurite: int) -> None:
    with pytest.raises(Invalid):
        open_records(url, "plots")


def test_concurrent_processes_create_the_container_once(azurite: int) -> None:
    account = AzureAccount.from_env(os.environ)
    from bokeh_common.storage.azure.container import AzureContainer

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: AzureContainer("made-once", account, 10), range(6)))
    service = BlobServiceClient.from_connection_string(connection_string(azurite))
    assert service.get_container_client("made-once").exists()


def test_a_deleted_container_is_unavailable_rather_than_empty(azurite: int) -> None:
    records, blobs = open_records("azure://gone", "plots"), open_blobs("azure://gone", "plots")
    records.put("key", 1)
    service = BlobServiceClient.from_connection_string(connection_string(azurite))
    service.delete_container("gone")
    for call in (records.get, records.delete, blobs.get, blobs.stat, blobs.touch, blobs.delete):
        with pytest.raises(Unavailable):
            call("key")
    for change in (
        lambda: records.put("key", 1, if_match=ABSENT),
        lambda: blobs.put("key", [b"x"]),
        records.list,
    ):
        with pytest.raises(Unavailable):
            change()


def test_names_are_valid_in_azure() -> None:
    names = [blob_name("plots/records", key) for key in KEYS]
    assert len(set(names)) == len(KEYS)
    assert max(map(len, names)) <= 1024
    assert max(name.count("/") for name in names) < 254
    assert all(name.isascii() and not name.endswith((".", "/")) for name in names)


def test_a_leased_blob_is_unavailable(azurite: int) -> None:
    backend = AzureBackend(azurite)
    records, blobs = backend.records(), backend.blobs()
    etag = records.put("record", "old")
    blobs.put("blob", [b"old"])
    for name in (f"{backend.namespace}/records/record", f"{backend.namespace}/blobs/blob"):
        backend.client.get_blob_client(name).acquire_lease(-1)
    for call in (
        lambda: records.put("record", "new"),
        lambda: records.delete("record"),
        lambda: blobs.put("blob", [b"new"]),
        lambda: blobs.put("blob", [b"new" * 5 * MIB]),
        lambda: blobs.delete("blob"),
    ):
        with pytest.raises(Unavailable):
            call()
    assert (records.get("record").value, records.get("record").etag) == ("old", etag)
    assert b"".join(blobs.get("blob")) == b"old"


def test_concurrent_uploads_of_a_key_both_succeed(azurite: int) -> None:
    store = AzureBackend(azurite).blobs()
    uploaded = Barrier(2)

    def data(letter: bytes) -> Iterator[bytes]:
        yield letter * 9 * MIB
        uploaded.wait(30)  # both have uploaded blocks, and the first commit discards those of the other
        yield letter

    with ThreadPoolExecutor(2) as pool:
        stats = list(pool.map(lambda letter: store.put("key", data(letter)), [b"a", b"b"]))
    assert [stat.size for stat in stats] == [9 * MIB + 1] * 2
    assert b"".join(store.get("key")) in {b"a" * (9 * MIB + 1), b"b" * (9 * MIB + 1)}


def test_a_blob_that_is_deleted_while_it_is_read_is_unavailable(azurite: int) -> None:
    store = AzureBackend(azurite).blobs()
    store.put("key", [b"x" * 9 * MIB])
    blocks = store.get("key")
    next(blocks)
    store.delete("key")
    with pytest.raises(Unavailable, match="deleted or replaced"):
        list(blocks)
    with pytest.raises(NotFound):
        store.get("key")


def test_pages_of_azurite_start_after_the_given_key(azurite: int) -> None:
    """Otherwise each page would read the listing from its beginning."""
    backend = AzureBackend(azurite)
    assert container(backend.url, backend.namespace)._is_azurite
    store = backend.blobs()
    for number in range(30):
        store.put(f"key{number:02}", [])
    pages: list[str] = []
    client = container(backend.url, backend.namespace).client
    listed = client.list_blobs(f"{backend.namespace}/blobs/", results_per_page=4)
    for page in listed.by_page(f"{backend.namespace}/blobs/key09"):
        pages += [blob.name[-5:] for blob in page]
    assert pages[0] == "key10"
    assert [stat.key for stat in store.list(after="key09", limit=3)] == ["key10", "key11", "key12"]
