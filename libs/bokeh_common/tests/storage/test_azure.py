"""What is Azure's own: accounts, containers, names, leases, and uploads that meet."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from azure.storage.blob import BlobServiceClient

from bokeh_common.errors import Invalid, NotFound, Unavailable
from bokeh_common.storage import ABSENT, open_blobs, open_records
from bokeh_common.storage.azure import container
from bokeh_common.storage.azure_account import Account
from bokeh_common.storage.azure_container import blob_name
from bokeh_common.storage.testing.azure import ACCOUNT, KEY, AzureMedium, connection_string
from bokeh_common.storage.testing.samples import KEYS

MIB = 1 << 20


def test_accounts_are_read_from_the_environment() -> None:
    assert Account.from_env({"AZURE_STORAGE_CONNECTION_STRING": "text"}) == Account("text")
    named = Account.from_env({"AZURE_STORAGE_ACCOUNT": "ada", "AZURE_STORAGE_KEY": "c2VjcmV0"})
    assert named == Account(name="ada", url="https://ada.blob.core.windows.net", key="c2VjcmV0")
    signed = {"AZURE_STORAGE_ACCOUNT_URL": "https://x.example", "AZURE_STORAGE_SAS_TOKEN": "sig=1"}
    assert Account.from_env(signed) == Account(url="https://x.example", signature="sig=1")
    assert "c2VjcmV0" not in repr(named)
    with pytest.raises(Invalid, match="AZURE_STORAGE_CONNECTION_STRING"):
        Account.from_env({})


def test_a_domain_of_ones_own_need_not_tell_the_account() -> None:
    environ = {
        "AZURE_STORAGE_ACCOUNT": "ada",
        "AZURE_STORAGE_SERVICE_ENDPOINT": "https://blobs.example.com",
        "AZURE_STORAGE_KEY": "c2VjcmV0",
    }
    client = Account.from_env(environ).client()
    assert (client.url, client.credential.account_name) == ("https://blobs.example.com/", "ada")


def test_without_a_secret_azure_is_asked_who_we_are() -> None:
    from azure.identity import DefaultAzureCredential

    client = Account.from_env({"AZURE_STORAGE_ACCOUNT": "ada"}).client()
    assert client.url == "https://ada.blob.core.windows.net/"
    assert isinstance(client.credential, DefaultAzureCredential)


def test_an_account_by_its_url_and_key(azurite: int, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_connection_strings_that_cannot_be(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)
    with pytest.raises(Invalid, match="AZURE_STORAGE_ACCOUNT"):
        open_records("azure://container", "plots")


@pytest.mark.parametrize("url", ["azure://", "azure:///x", "azure://a/b", "azure://a?timeout=0"])
def test_urls_that_cannot_be(url: str, azurite: int) -> None:
    with pytest.raises(Invalid):
        open_records(url, "plots")


def test_the_container_is_made_by_whoever_is_first(azurite: int) -> None:
    account = Account.from_env(os.environ)
    from bokeh_common.storage.azure_container import Container

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: Container("made-once", account, 10), range(6)))
    service = BlobServiceClient.from_connection_string(connection_string(azurite))
    assert service.get_container_client("made-once").exists()


def test_a_container_that_is_gone_is_not_an_empty_store(azurite: int) -> None:
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


def test_names_are_fit_for_azure() -> None:
    names = [blob_name("plots/records", key) for key in KEYS]
    assert len(set(names)) == len(KEYS)
    assert max(map(len, names)) <= 1024
    assert max(name.count("/") for name in names) < 254
    assert all(name.isascii() and not name.endswith((".", "/")) for name in names)


def test_a_leased_blob_is_unavailable(azurite: int) -> None:
    medium = AzureMedium(azurite)
    records, blobs = medium.records(), medium.blobs()
    etag = records.put("record", "old")
    blobs.put("blob", [b"old"])
    for name in (f"{medium.namespace}/records/record", f"{medium.namespace}/blobs/blob"):
        medium.client.get_blob_client(name).acquire_lease(-1)
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


def test_uploads_of_one_key_that_meet_both_succeed(azurite: int) -> None:
    store = AzureMedium(azurite).blobs()
    staged = Barrier(2)

    def data(letter: bytes) -> Iterator[bytes]:
        yield letter * 9 * MIB
        staged.wait(30)  # both have staged blocks, and the first commit drops the other's
        yield letter

    with ThreadPoolExecutor(2) as pool:
        stats = list(pool.map(lambda letter: store.put("key", data(letter)), [b"a", b"b"]))
    assert [stat.size for stat in stats] == [9 * MIB + 1] * 2
    assert b"".join(store.get("key")) in {b"a" * (9 * MIB + 1), b"b" * (9 * MIB + 1)}


def test_a_blob_deleted_while_it_is_read(azurite: int) -> None:
    store = AzureMedium(azurite).blobs()
    store.put("key", [b"x" * 9 * MIB])
    blocks = store.get("key")
    next(blocks)
    store.delete("key")
    with pytest.raises(Unavailable, match="deleted or replaced"):
        list(blocks)
    with pytest.raises(NotFound):
        store.get("key")


def test_pages_of_azurite_begin_where_they_must(azurite: int) -> None:
    """Or each page would read the listing from its beginning."""
    medium = AzureMedium(azurite)
    assert container(medium.url)._is_azurite
    store = medium.blobs()
    for number in range(30):
        store.put(f"key{number:02}", [])
    pages: list[str] = []
    client = container(medium.url).client
    listed = client.list_blobs(f"{medium.namespace}/blobs/", results_per_page=4)
    for page in listed.by_page(f"{medium.namespace}/blobs/key09"):
        pages += [blob.name[-5:] for blob in page]
    assert pages[0] == "key10"
    assert [stat.key for stat in store.list(after="key09", limit=3)] == ["key10", "key11", "key12"]
