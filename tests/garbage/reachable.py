"""What is reachable, worked out the plain way from what lies in the stores, and without the collector."""

import json
from typing import Any

from tests.garbage.driver import Cloud


def contents(cloud: Cloud) -> set[str]:
    """Return the names of all that could be garbage; those of chunks for either form of them."""
    names = set()
    for service in ("plots", "data"):
        for record in cloud.records(service).list(limit=10_000):
            if not record.key.startswith("usage/"):
                names.add(f"{service}:{record.key}")
        names |= {f"{service}:{stat.key}" for stat in cloud.blobs(service).list(limit=10_000)}
    return {name.replace("data:compressed/", "data:chunks/") for name in names}


def reachable(cloud: Cloud) -> set[str]:
    """Return the names of what plots and live sources need; `NotFound` when some of it is gone."""
    names: set[str] = set()
    for record in cloud.records("plots").list("plots/", limit=10_000):
        names |= {f"plots:{record.key}", f"plots:ids/{record.value['id']}"}
        for version in record.value["versions"]:
            names |= _of_manifest(cloud, record.value["user_id"], version["manifest"])
    for record in cloud.records("data").list("sources/", limit=10_000):
        if record.value.get("live"):
            names.add(f"data:{record.key}")
            names |= _of_columns(cloud, record.key.split("/")[1], record.value["columns"])
    for record in cloud.records("data").list("versions/", limit=10_000):
        names.add(f"data:{record.key}")
        names |= _of_columns(cloud, record.key.split("/")[1], record.value["columns"])
    return names


def _of_manifest(cloud: Cloud, user: str, name: str) -> set[str]:
    manifest = _json(cloud, "plots", f"manifests/{user}/{name}")
    names = {f"plots:manifests/{user}/{name}", f"plots:scenes/{user}/{manifest['scene']}"}
    names |= {f"plots:extensions/{user}/{script}" for script in manifest["extensions"]}
    for source in manifest["sources"]:
        names.add(f"data:sources/{user}/{source['id']}")
        record = cloud.records("data").get(f"sources/{user}/{source['id']}")
        names |= _of_columns(cloud, user, record.value["columns"])
    return names | _of_columns(cloud, user, {column: {"hash": column} for column in manifest["columns"]})


def _of_columns(cloud: Cloud, user: str, columns: dict[str, Any]) -> set[str]:
    names = set()
    for column in columns.values():
        manifest = _json(cloud, "data", f"columns/{user}/{column['hash']}")
        names.add(f"data:columns/{user}/{column['hash']}")
        for chunk in manifest["chunks"]:
            names |= {f"data:chunks/{chunk['hash']}", f"data:uploads/{user}/{chunk['hash']}"}
    return names


def _json(cloud: Cloud, service: str, key: str) -> Any:
    return json.loads(b"".join(cloud.blobs(service).get(key)).partition(b"\n")[0])
