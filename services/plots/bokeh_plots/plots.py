"""Plots: named, versioned documents."""

import base64
import json
import secrets
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bokeh_common.errors import Conflict, Invalid, NotFound
from bokeh_plots.peers import Data
from bokeh_plots.publication import Publication
from bokeh_plots.records import Records

ID_BYTES = 10  # 80 bits: an id cannot be guessed
ATTEMPTS = 20


@dataclass(frozen=True)
class Version:
    """A version of a plot; `manifest` is the hash of the blob that says what belongs to it."""

    version: int
    manifest: str
    fingerprint: str
    created: str


@dataclass(frozen=True)
class Plot:
    """A plot; times are RFC 3339 in UTC, versions oldest first."""

    id: str
    name: str
    title: str
    user_id: str
    visibility: str
    created: str
    versions: tuple[Version, ...] = field(repr=False)

    @property
    def latest(self) -> Version:
        """The version that is shown."""
        return self.versions[-1]

    @property
    def summary(self) -> dict[str, Any]:
        """The plot as the API lists it."""
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title,
            "user_id": self.user_id,
            "version": self.latest.version,
            "visibility": self.visibility,
            "created": self.created,
            "modified": self.latest.created,
            "show": f"/plots/{self.id}/show",
            "embed": f"/plots/{self.id}/embed",
        }


class Plots:
    """What the plots service does."""

    def __init__(self, records: Records, data: Data, max_versions: int) -> None:
        self._records = records
        self._data = data
        self._max_versions = max_versions

    def publish(self, user: str, given: Publication, authorization: str | None) -> tuple[Plot, bool]:
        """Make a new plot, or a new version of the plot of this name; readers see the old one or the new one.

        Returns:
            the plot, and whether it changed: publishing what is shown already makes no version.

        Raises:
            Invalid: the scene refers to columns that are in none of its data sources (member `missing`).
            Conflict: others published under this name all the time.
        """
        columns = self._data.columns(user, given.source_ids, authorization)
        if missing := sorted(given.columns - columns.keys()):
            detail = f"The document refers to {len(missing)} columns that are in none of its data sources."
            raise Invalid(detail, slug="missing-columns", missing=missing)
        fingerprint = given.fingerprint
        known = self._find(user, given.name)
        if known and known[0].latest.fingerprint == fingerprint:
            return known[0], False
        sizes = {h: columns[h]["size"] for h in sorted(given.columns)}
        manifest = self._store(user, given, sizes)
        return self._commit(user, given, manifest, fingerprint)

    def get(self, user: str, plot: str) -> Plot:
        """Return a plot by its id; `NotFound`."""
        owner, name = self._records.owner(plot) or (None, "")
        found = self._find(user, name) if owner == user else None
        if found is None or found[0].id != plot:
            raise NotFound("There is no such plot, or it is not yours to see.")
        return found[0]

    def page(self, user: str, after: str, limit: int) -> list[Plot]:
        """Return the plots whose name is greater than `after`, ordered by name."""
        return [_plot(value) for value in self._records.page(user, after, limit)]

    def manifest(self, plot: Plot, number: int | None = None) -> dict[str, Any]:
        """Return what belongs to a version (the newest when no number is given); `NotFound`."""
        version = _version(plot, number)
        manifest = self._records.json_blob("manifests", plot.user_id, version.manifest)
        return {**manifest, "version": version.version}

    def scene(self, plot: Plot, manifest: dict[str, Any]) -> bytes:
        """Return the JSON of a version's scene."""
        return self._records.blob("scenes", plot.user_id, manifest["scene"])

    def document(self, plot: Plot, number: int | None = None) -> dict[str, Any]:
        """Return a version's scene."""
        return dict(json.loads(self.scene(plot, self.manifest(plot, number))))

    def extension(self, plot: str, name: str) -> bytes:
        """Return the JavaScript of a custom model by its hash; who knows plot and hash may have it."""
        owner, _ = self._records.owner(plot) or ("", "")
        found = self.get(owner, plot)
        if all(name not in self.manifest(found, v.version)["extensions"] for v in found.versions):
            raise NotFound("This plot has no such extension.")
        return self._records.blob("extensions", owner, name)

    def not_shown(self, plot: Plot, columns: list[str]) -> list[str]:
        """Return those of `columns` that no version of the plot shows."""
        rest: dict[str, None] = dict.fromkeys(columns)
        for version in reversed(plot.versions):
            if not rest:
                break
            shown = self.manifest(plot, version.version)["columns"]
            rest = {column: None for column in rest if column not in shown}
        return list(rest)

    def _find(self, user: str, name: str) -> tuple[Plot, str] | None:
        found = self._records.find(user, name)
        return found and (_plot(found[0]), found[1])

    def _store(self, user: str, given: Publication, sizes: dict[str, int]) -> str:
        manifest = {
            **given.traits,
            "columns": sizes,
            "extensions": [self._records.put_blob("extensions", user, t.encode()) for t in given.extensions],
            "scene": self._records.put_blob("scenes", user, _compact(given.document)),
        }
        return self._records.put_blob("manifests", user, _compact(manifest))

    def _commit(self, user: str, given: Publication, manifest: str, fingerprint: str) -> tuple[Plot, bool]:
        for _ in range(ATTEMPTS):
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            found = self._find(user, given.name)
            try:
                if found is None:
                    return self._add(user, given, Version(1, manifest, fingerprint, now)), True
                if found[0].latest.fingerprint == fingerprint:
                    return found[0], False
                version = Version(found[0].latest.version + 1, manifest, fingerprint, now)
                return self._append(found[0], found[1], given.title, version), True
            except Conflict:
                continue  # somebody else published under this name meanwhile: look again
        raise Conflict(f"Others keep publishing {given.name!r} at this moment; try again.")

    def _add(self, user: str, given: Publication, first: Version) -> Plot:
        plot = Plot(_new_id(), given.name, given.title, user, "private", first.created, (first,))
        self._records.add(user, asdict(plot))
        return plot

    def _append(self, plot: Plot, etag: str, title: str, version: Version) -> Plot:
        kept = (*plot.versions, version)[-self._max_versions :]
        changed = replace(plot, title=title, versions=kept)
        self._records.replace(plot.user_id, asdict(changed), etag)
        return changed


def _plot(value: dict[str, Any]) -> Plot:
    return Plot(**{**value, "versions": tuple(Version(**version) for version in value["versions"])})


def _version(plot: Plot, number: int | None) -> Version:
    if number is None:
        return plot.latest
    for version in plot.versions:
        if version.version == number:
            return version
    raise NotFound(
        f"This plot has no version {number}; it has {plot.versions[0].version} to {plot.latest.version}."
    )


def _new_id() -> str:
    return base64.b32encode(secrets.token_bytes(ID_BYTES)).decode().lower()


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
