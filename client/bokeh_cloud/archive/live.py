"""Live data sources in an exported folder: every version, and what its columns are made of."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..columns import Chunk, Column
from ..errors import CloudError, NotFound
from ..upload import upload_chunks
from .layout import read_json, write, write_json

if TYPE_CHECKING:
    from ..server import Server


def export_sources(server: "Server", folder: Path, wanted: Iterable[str]) -> None:
    """Write all versions of live sources, by id; what is there already is not fetched again."""
    for source in sorted(set(wanted)):
        path = f"/{quote(server.user_id)}/data/{quote(source)}"
        numbers = [item["version"] for page in server.pages(f"{path}/versions") for item in page["versions"]]
        for number in numbers:
            place = folder / "sources" / source / f"{number}.json"
            if not place.exists():
                _export_version(server, folder, f"{path}?version={number}", place)


def _export_version(server: "Server", folder: Path, path: str, place: Path) -> None:
    found = server.connection.json("GET", path)
    columns = {name: column["hash"] for name, column in found["columns"].items()}
    for name in columns.values():
        _export_column(server, folder, name)
    write_json(place, {"name": found["name"], "keep": found["keep"], "columns": columns})


def _export_column(server: "Server", folder: Path, name: str) -> None:
    place = folder / "manifests" / f"{name}.json"
    if place.exists():
        return
    data = f"/{quote(server.user_id)}/data"
    response = server.connection.request("GET", f"{data}/columns/{name}?form=manifest")
    for chunk in server.connection.decode(response)["chunks"]:
        where = folder / "chunks" / chunk["hash"]
        if not where.exists():
            write(where, server.connection.request("GET", f"{data}/chunks/{chunk['hash']}").content)
    write(place, response.content)


def import_sources(server: "Server", folder: Path) -> None:
    """Make the live sources of a folder, or the versions that they lack.

    Raises:
        CloudError: see `Connection.request`; or one is there and was changed otherwise.
    """
    for place in sorted((folder / "sources").glob("*")):
        done = _newest(server, place)
        for number in sorted(int(path.stem) for path in place.glob("*.json")):
            if number > done:
                _import_version(server, folder, place, number, is_first=done == 0)
                done = number


def _newest(server: "Server", place: Path) -> int:
    """Return the number of the version that is on the server; 0 where the source is not."""
    try:
        found = server.connection.json("GET", f"/{quote(server.user_id)}/data/{quote(place.name)}")
    except NotFound:
        return 0
    number = int(found["version"])
    same = place / f"{number}.json"
    columns = {name: column["hash"] for name, column in found["columns"].items()}
    if not same.exists() or read_json(same)["columns"] != columns:
        raise CloudError(
            f"The data source {found['name']!r} is on {server.url} already, and was changed there since: "
            "delete that one, or import into another account."
        )
    return number


def _import_version(server: "Server", folder: Path, place: Path, number: int, *, is_first: bool) -> None:
    about = read_json(place / f"{number}.json")
    manifests = {name: read_json(folder / "manifests" / f"{h}.json") for name, h in about["columns"].items()}
    columns = [_column(folder, manifest) for manifest in manifests.values()]
    upload_chunks(server.connection, server.user_id, columns, f"Importing {about['name']}")
    body = {**about, "columns": manifests, "version": number}
    path = f"/{quote(server.user_id)}/data"
    if is_first:
        server.connection.json("POST", path, json={**body, "id": place.name, "live": True})
    else:
        server.connection.json("PUT", f"{path}/{quote(place.name)}", json=body, headers={"If-Match": "*"})


def _column(folder: Path, manifest: Mapping[str, Any]) -> Column:
    names = [chunk["hash"] for chunk in manifest["chunks"]]
    try:
        chunks = [Chunk(name, memoryview((folder / "chunks" / name).read_bytes())) for name in names]
    except OSError as error:
        raise CloudError(f"A file of {folder / 'chunks'} is gone ({error}); export again.") from error
    return Column(manifest["dtype"], tuple(manifest["shape"]), tuple(chunks), "")
