"""Live data sources of an exported folder, with all versions and the chunks of their columns."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bokeh_cloud.account import AccountClient
from bokeh_cloud.archive.layout import read_json, write, write_json
from bokeh_cloud.columns.chunked_column import ChunkedColumn, ChunkView
from bokeh_cloud.errors import CloudError, NotFound
from bokeh_cloud.publishing.upload import upload_chunks


def export_source(account: AccountClient, folder: Path, source_id: str) -> None:
    """Write all versions of a live source; files that exist are not downloaded again."""
    path = f"{account.user_path}/data/{quote(source_id)}"
    pages = account.pages(f"{path}/versions")
    for number in [item["version"] for page in pages for item in page["versions"]]:
        file = folder / "sources" / source_id / f"{number}.json"
        if not file.exists():
            _export_version(account, folder, f"{path}?version={number}", file)


def _export_version(account: AccountClient, folder: Path, path: str, file: Path) -> None:
    summary = account.connection.json("GET", path)
    columns = {name: column["hash"] for name, column in summary["columns"].items()}
    for column_hash in columns.values():
        _export_column(account, folder, column_hash)
    write_json(file, {"name": summary["name"], "keep": summary["keep"], "columns": columns})


def _export_column(account: AccountClient, folder: Path, column_hash: str) -> None:
    file = folder / "manifests" / f"{column_hash}.json"
    if file.exists():
        return
    path = f"{account.user_path}/data"
    response = account.connection.request("GET", f"{path}/columns/{column_hash}?form=manifest")
    for chunk in account.connection.decode(response)["chunks"]:
        chunk_file = folder / "chunks" / chunk["hash"]
        if not chunk_file.exists():
            write(chunk_file, account.connection.request("GET", f"{path}/chunks/{chunk['hash']}").content)
    write(file, response.content)


def import_source(account: AccountClient, folder: Path, source_folder: Path) -> None:
    """Create a live source of a folder, or the versions of it that the account lacks.

    Raises:
        CloudError: see `Connection.request`; or the source exists and was changed since the export.
    """
    newest = _stored_version(account, source_folder)
    for number in sorted(int(path.stem) for path in source_folder.glob("*.json")):
        if number > newest:
            _import_version(account, folder, source_folder, number, is_first=newest == 0)
            newest = number


def _stored_version(account: AccountClient, source_folder: Path) -> int:
    """Return the number of the newest version on the server; 0 if there is no such source."""
    try:
        summary = account.connection.json("GET", f"{account.user_path}/data/{quote(source_folder.name)}")
    except NotFound:
        return 0
    number = int(summary["version"])
    file = source_folder / f"{number}.json"
    columns = {name: column["hash"] for name, column in summary["columns"].items()}
    if not file.exists() or read_json(file)["columns"] != columns:
        raise CloudError(
            f"The data source {summary['name']!r} exists on {account.url}, and was changed since the export: "
            "delete it there, or import into another account."
        )
    return number


def _import_version(
    account: AccountClient, folder: Path, source_folder: Path, number: int, *, is_first: bool
) -> None:
    version = read_json(source_folder / f"{number}.json")
    manifests = {
        name: read_json(folder / "manifests" / f"{column_hash}.json")
        for name, column_hash in version["columns"].items()
    }
    columns = [_read_column(folder, manifest) for manifest in manifests.values()]
    upload_chunks(account.connection, account.user_id, columns, f"Importing {version['name']}")
    body = {**version, "columns": manifests, "version": number}
    source_id = source_folder.name
    path = f"{account.user_path}/data"
    if is_first:
        account.connection.json("POST", path, json={**body, "id": source_id, "live": True})
    else:
        headers = {"If-Match": "*"}
        account.connection.json("PUT", f"{path}/{quote(source_id)}", json=body, headers=headers)


def _read_column(folder: Path, manifest: Mapping[str, Any]) -> ChunkedColumn:
    hashes = [chunk["hash"] for chunk in manifest["chunks"]]
    try:
        chunks = [ChunkView(name, memoryview((folder / "chunks" / name).read_bytes())) for name in hashes]
    except OSError as error:
        message = f"A file of {folder / 'chunks'} is missing ({error}); export again."
        raise CloudError(message) from None  # it concerns this source only
    return ChunkedColumn(manifest["dtype"], tuple(manifest["shape"]), tuple(chunks), "")
