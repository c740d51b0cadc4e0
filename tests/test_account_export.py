"""Everything of an account as one archive."""

import json
import tracemalloc
from typing import Any

import pytest
from blake3 import blake3
from click.testing import CliRunner

import embedded
from bokeh_auth.exporting import README, Exporter
from bokeh_auth.peers import Keepers
from operating import admin
from tests.accounts import Cloud, files_of

MIB = 1 << 20


@pytest.fixture
def cloud(storage: str, tmp_path: Any) -> Cloud:
    return Cloud(storage, tmp_path / "outbox")


def test_it_holds_everything_and_nothing_of_others(cloud: Cloud) -> None:
    key, others = cloud.key("ada"), cloud.key("bob")
    plot = cloud.publish("ada", key, "one", "first")
    cloud.publish("ada", key, "one", "second")
    source = cloud.upload("ada", key, bytes(range(200)))
    cloud.publish("bob", others, "bobs", "not hers")
    cloud.upload("bob", others, b"not hers either")
    answer = cloud.ask("GET", "/ada/account/export", key)
    assert answer.headers["content-type"] == "application/x-tar"
    assert answer.headers["content-disposition"] == 'attachment; filename="bokeh-cloud-ada.tar"'
    files = files_of(answer.content)
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
    assert b"not hers" not in answer.content
    assert {name.partition("/")[0] for name in files} == {
        "README.txt", "account.json", "keys.json", "audit.json", "plots", "data", "complete.json"
    }  # fmt: skip


def test_live_sources_come_with_their_versions(cloud: Cloud) -> None:
    key = cloud.key("ada")
    source = cloud.upload("ada", key, b"12345678", live=True)
    cloud.append("ada", key, source, [1, 2])
    files = files_of(cloud.ask("GET", "/ada/account/export", key).content)
    now = json.loads(files[f"data/sources/{source}.json"])
    before = json.loads(files[f"data/sources/{source}/versions/1.json"])
    assert [state["columns"]["x"]["length"] for state in (now, before)] == [10, 8]
    for state in (now, before):
        manifest = json.loads(files[f"data/columns/{state['columns']['x']['hash']}.json"])
        chunks = [files[f"data/chunks/{chunk['hash']}"] for chunk in manifest["chunks"]]
        assert b"".join(chunks) == b"12345678\x01\x02"[: state["columns"]["x"]["length"]]


def test_no_secret_is_in_it(cloud: Cloud) -> None:
    key = cloud.key("ada")
    cloud.domain.sessions.start(cloud.domain.accounts.get("ada"), "Firefox")
    cloud.domain.shares.make("ada", "x" * 16, None, [])
    archive = cloud.ask("GET", "/ada/account/export", key).content
    shown = json.loads(files_of(archive)["keys.json"])
    assert [len(shown[name]) for name in ("keys", "shares", "sessions")] == [1, 1, 1]
    for kind in ("bkp_", "bkl_", "bkc_"):
        for credential in cloud.domain.vault.page(kind, "ada"):
            assert credential.digest.encode() not in archive
    assert key.encode() not in archive


def test_a_key_gets_what_its_scopes_allow(cloud: Cloud) -> None:
    reading = cloud.key("ada", "account", "plots:read", "data:read")
    files = files_of(cloud.ask("GET", "/ada/account/export", reading).content)
    assert not {"keys.json", "audit.json"} & files.keys()
    for scopes in (("account", "plots:read"), ("account", "data:read"), ("plots:read", "data:read")):
        assert cloud.ask("GET", "/ada/account/export", cloud.key("ada", *scopes)).status_code == 403
    assert cloud.ask("GET", "/bob/account/export", cloud.key("ada")).status_code == 404


def test_the_layout_is_said_in_it(cloud: Cloud) -> None:
    key = cloud.key("ada")
    cloud.publish("ada", key, "one")
    cloud.upload("ada", key, b"12345678")
    cloud.append("ada", key, cloud.upload("ada", key, b"12345678", live=True), [1, 2])
    said = {line.partition(" ")[0] for line in README.splitlines() if "   " in line}
    files = files_of(cloud.ask("GET", "/ada/account/export", key).content)
    for name in files:
        *folders, last = name.split("/")
        kinds = [
            folder if folder in {"plots", "versions", "data", "sources", "columns", "chunks"} else "*"
            for folder in folders
        ]
        assert any(_fits([*kinds, last], pattern.split("/")) for pattern in said | {"README.txt"}), name


def _fits(parts: list[str], pattern: list[str]) -> bool:
    def same(part: str, wanted: str) -> bool:
        return part in {"*", wanted} or wanted.partition(".")[0] in {"ID", "HASH", "N"}

    return len(parts) == len(pattern) and all(map(same, parts, pattern))


def test_memory_is_bounded(cloud: Cloud) -> None:
    key = cloud.key("ada")
    for i in range(24):
        cloud.upload("ada", key, bytes([i]) * (4 * MIB))
    exporter = Exporter(
        cloud.domain.accounts,
        cloud.domain.vault,
        cloud.domain.audit,
        Keepers(*embedded.keepers(cloud.storage)),
    )
    blocks = exporter.blocks({"username": "ada"}, secrets_too=True)
    tracemalloc.start()
    size = sum(len(block) for block in blocks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 96 * MIB
    assert peak < 24 * MIB


def test_one_that_breaks_off_is_not_complete(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    key = cloud.key("ada")
    cloud.upload("ada", key, b"12345678")

    def broken(*args: Any) -> Any:
        yield b"1234"

    monkeypatch.setattr("bokeh_data.records.Records.chunk", broken)
    with pytest.raises(ValueError, match="has not the 8 bytes"):
        cloud.ask("GET", "/ada/account/export", key)


def test_the_operator_exports_too(cloud: Cloud, tmp_path: Any) -> None:
    plot = cloud.publish("ada", cloud.key("ada"), "one")
    file = tmp_path / "ada.tar"
    result = CliRunner().invoke(admin, ["--storage", cloud.storage, "users", "export", "ada", str(file)])
    assert result.exit_code == 0, result.output
    assert f"plots/{plot}/plot.json" in files_of(file.read_bytes())
