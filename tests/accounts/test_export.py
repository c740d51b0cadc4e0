"""The archive of an account."""

import asyncio
import json
import stat
import tracemalloc
from typing import Any

import httpx
import pytest
from blake3 import blake3
from click.testing import CliRunner

from bokeh_auth.accounts.export import README, AccountExporter
from bokeh_auth.clients import DataServices
from bokeh_cloud_server import embedded
from bokeh_cloud_server.admin import admin
from tests.support.account_cloud import AccountCloud, read_tar

MIB = 1 << 20


@pytest.fixture
def cloud(storage: str, tmp_path: Any) -> AccountCloud:
    return AccountCloud(storage, tmp_path / "outbox")


def test_the_archive_has_everything_of_the_account_and_nothing_of_others(cloud: AccountCloud) -> None:
    key, others = cloud.make_key("ada"), cloud.make_key("bob")
    plot = cloud.publish("ada", key, "one", "first")
    cloud.publish("ada", key, "one", "second")
    source = cloud.upload("ada", key, bytes(range(200)))
    cloud.publish("bob", others, "bobs", "not hers")
    cloud.upload("bob", others, b"not hers either")
    response = cloud.request("GET", "/ada/account/export", key)
    assert response.headers["content-type"] == "application/x-tar"
    assert response.headers["content-disposition"] == 'attachment; filename="bokeh-cloud-ada.tar"'
    files = read_tar(response.content)
    assert list(files)[-1] == "complete.json"
    assert json.loads(files["account.json"])["email"] == "ada@example.com"
    scenes = [files[f"plots/{plot}/versions/{n}/scene.json"] for n in (1, 2)]
    assert [json.loads(s)["roots"][0]["attributes"]["text"] for s in scenes] == ["first", "second"]
    assert json.loads(files[f"plots/{plot}/plot.json"])["name"] == "one"
    column = json.loads(files[f"data/sources/{source}.json"])["columns"]["x"]
    manifest = json.loads(files[f"data/columns/{column['hash']}.json"])
    chunks = [files[f"data/chunks/{chunk['hash']}"] for chunk in manifest["chunks"]]
    assert b"".join(chunks) == bytes(range(200))
    assert manifest["chunks"][0]["hash"] == blake3(chunks[0]).hexdigest()
    assert b"not hers" not in response.content
    assert {name.partition("/")[0] for name in files} == {
        "README.txt", "account.json", "keys.json", "audit.json", "plots", "data", "complete.json"
    }  # fmt: skip


def test_live_sources_are_exported_with_their_versions(cloud: AccountCloud) -> None:
    key = cloud.make_key("ada")
    source = cloud.upload("ada", key, b"12345678", live=True)
    cloud.append("ada", key, source, [1, 2])
    files = read_tar(cloud.request("GET", "/ada/account/export", key).content)
    now = json.loads(files[f"data/sources/{source}.json"])
    before = json.loads(files[f"data/sources/{source}/versions/1.json"])
    assert [state["columns"]["x"]["length"] for state in (now, before)] == [10, 8]
    for state in (now, before):
        manifest = json.loads(files[f"data/columns/{state['columns']['x']['hash']}.json"])
        chunks = [files[f"data/chunks/{chunk['hash']}"] for chunk in manifest["chunks"]]
        assert b"".join(chunks) == b"12345678\x01\x02"[: state["columns"]["x"]["length"]]


def test_the_archive_has_no_secrets(cloud: AccountCloud) -> None:
    key = cloud.make_key("ada")
    cloud.domain.sessions.start(cloud.domain.accounts.get("ada"), "Firefox")
    cloud.domain.shares.create("ada", "x" * 16, [], None)
    archive = cloud.request("GET", "/ada/account/export", key).content
    listed = json.loads(read_tar(archive)["keys.json"])
    assert [len(listed[name]) for name in ("keys", "shares", "sessions")] == [1, 1, 1]
    for kind in ("bkp_", "bkl_", "bkc_"):
        for credential in cloud.domain.credentials.page(kind, "ada"):
            assert credential.digest.encode() not in archive
    assert key.encode() not in archive


def test_the_archive_has_what_the_scopes_of_the_key_allow(cloud: AccountCloud) -> None:
    reading = cloud.make_key("ada", "account", "plots:read", "data:read")
    files = read_tar(cloud.request("GET", "/ada/account/export", reading).content)
    assert not {"keys.json", "audit.json"} & files.keys()
    for scopes in (("account", "plots:read"), ("account", "data:read"), ("plots:read", "data:read")):
        assert cloud.request("GET", "/ada/account/export", cloud.make_key("ada", *scopes)).status_code == 403
    assert cloud.request("GET", "/bob/account/export", cloud.make_key("ada")).status_code == 404


def test_the_readme_describes_every_file(cloud: AccountCloud) -> None:
    key = cloud.make_key("ada")
    cloud.publish("ada", key, "one")
    cloud.upload("ada", key, b"12345678")
    cloud.append("ada", key, cloud.upload("ada", key, b"12345678", live=True), [1, 2])
    described = {line.partition(" ")[0] for line in README.splitlines() if "   " in line}
    files = read_tar(cloud.request("GET", "/ada/account/export", key).content)
    for name in files:
        *folders, last = name.split("/")
        kinds = [
            folder if folder in {"plots", "versions", "data", "sources", "columns", "chunks"} else "*"
            for folder in folders
        ]
        patterns = described | {"README.txt"}
        assert any(_matches([*kinds, last], pattern.split("/")) for pattern in patterns), name


def _matches(parts: list[str], pattern: list[str]) -> bool:
    def equal(part: str, expected: str) -> bool:
        return part in {"*", expected} or expected.partition(".")[0] in {"ID", "HASH", "N"}

    return len(parts) == len(pattern) and all(map(equal, parts, pattern))


def test_the_memory_of_an_export_is_bounded(cloud: AccountCloud) -> None:
    key = cloud.make_key("ada")
    for i in range(24):
        cloud.upload("ada", key, bytes([i]) * (4 * MIB))
    exporter = AccountExporter(
        cloud.domain.accounts,
        cloud.domain.credentials,
        cloud.domain.audit,
        DataServices(*embedded.data_services(cloud.storage)),
    )

    async def read() -> int:
        return sum(
            [len(block) async for block in exporter.blocks({"username": "ada"}, with_credentials=True)]
        )

    tracemalloc.start()
    size = asyncio.run(read())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 96 * MIB
    assert peak < 24 * MIB


def test_an_export_that_fails_has_no_completion_marker(
    cloud: AccountCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = cloud.make_key("ada")
    cloud.upload("ada", key, b"12345678")

    def truncated(*args: Any) -> Any:
        yield b"1234"

    monkeypatch.setattr("bokeh_data.storage.repository.DataRepository.read_chunk", truncated)
    with pytest.raises(httpx.ReadError) as broken:
        cloud.request("GET", "/ada/account/export", key)
    assert "does not have the expected 8 bytes" in str(broken.value.__cause__)


def test_the_operator_exports_an_account_by_command(cloud: AccountCloud, tmp_path: Any) -> None:
    plot = cloud.publish("ada", cloud.make_key("ada"), "one")
    file = tmp_path / "ada.tar"
    result = CliRunner().invoke(admin, ["--storage", cloud.storage, "users", "export", "ada", str(file)])
    assert result.exit_code == 0, result.output
    assert f"plots/{plot}/plot.json" in read_tar(file.read_bytes())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert result.output == f"Wrote the data of ada to {file}, {file.stat().st_size} bytes.\n"
