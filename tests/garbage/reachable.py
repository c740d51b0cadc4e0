"""The names of reachable objects, computed from the stores alone, without any code of the collector."""

import json
from typing import Any

from tests.garbage.driver import SteppedCloud


def contents(cloud: SteppedCloud) -> set[str]:
    """Return the names of all stored objects that could be garbage; compressed chunks count as chunks."""
    names = set()
    for service in ("plots", "data"):
        for record in cloud.records(service).list(limit=10_000):
            if not record.key.startswith("usage/"):
                names.add(f"{service}:{record.key}")
        names |= {f"{service}:{stat.key}" for stat in cloud.blobs(service).list(limit=10_000)}
    return {name.replace("data:compressed/", "data:chunks/") for name in names}


def reachable(cloud: SteppedCloud) -> set[str]:
    """Return the names of all objects that plots and live sources refer to, directly or not.

    Raises:
        NotFound: one of these objects is missing.
    """
    names: set[str] = set()
    for record in cloud.records("plots").list("plots/", limit=10_000):
        names |= {f"plots:{record.key}", f"plots:ids/{record.value['id']}"}
        place = record.key.split("/", 2)[2]
        others = {record.value["name"], *record.value.get("former_names", ())} - {place}
        names |= {f"plots:ids/{record.value['user_id']}/{name}" for name in others}
        for version in record.value["versions"]:
            names |= _names_of_version(cloud, record.value["user_id"], version["manifest"])
    for record in cloud.records("data").list("sources/", limit=10_000):
        if record.value.get("live"):
            names.add(f"data:{record.key}")
            names |= _names_of_columns(cloud, record.key.split("/")[1], record.value["columns"])
    for record in cloud.records("data").list("versions/", limit=10_000):
        names.add(f"data:{record.key}")
        names |= _names_of_columns(cloud, record.key.split("/")[1], record.value["columns"])
    return names


def _names_of_version(cloud: SteppedCloud, user: str, name: str) -> set[str]:
    manifest = _read_json(cloud, "plots", f"manifests/{user}/{name}")
    names = {f"plots:manifests/{user}/{name}", f"plots:scenes/{user}/{manifest['scene']}"}
    names |= {f"plots:extensions/{user}/{script}" for script in manifest["extensions"]}
    for source in manifest["sources"]:
        names.add(f"data:sources/{user}/{source['id']}")
        record = cloud.records("data").get(f"sources/{user}/{source['id']}")
        names |= _names_of_columns(cloud, user, record.value["columns"])
    return names | _names_of_columns(
        cloud, user, {column: {"hash": column} for column in manifest["columns"]}
    )


def _names_of_columns(cloud: SteppedCloud, user: str, columns: dict[str, Any]) -> set[str]:
    names = set()
    for column in columns.values():
        manifest = _read_json(cloud, "data", f"columns/{user}/{column['hash']}")
        names.add(f"data:columns/{user}/{column['hash']}")
        for chunk in manifest["chunks"]:
            names |= {f"data:chunks/{chunk['hash']}", f"data:uploads/{user}/{chunk['hash']}"}
    return names


def _read_json(cloud: SteppedCloud, service: str, key: str) -> Any:
    return json.loads(b"".join(cloud.blobs(service).get(key)).partition(b"\n")[0])
