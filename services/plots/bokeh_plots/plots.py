"""Plots: named, versioned documents, as they are read."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal, TypedDict, get_args

from msgspec import Meta

from bokeh_common.errors import NotFound
from bokeh_plots.records import Records

#: How the id of a plot is written: 80 bits in base 32 (RFC 4648), so it cannot be guessed.
ID = re.compile(r"[a-z2-7]{16}")

#: Account and name of a plot that there is not.
NOBODYS = ("-", "-")

#: Who may see a plot: its owner; whoever knows its address; everybody, and it is listed.
Visibility = Literal["private", "link", "public"]
VISIBILITIES: tuple[Visibility, ...] = get_args(Visibility)

PlotId = Annotated[str, Meta(pattern=f"^{ID.pattern}$", examples=["nb2hi4dthixs653x"])]


class VersionSummary(TypedDict):
    """A version of a plot."""

    version: Annotated[int, Meta(ge=1)]
    created: str


class PlotSummary(TypedDict):
    """A plot as the API lists it; times are RFC 3339 in UTC."""

    id: PlotId
    name: Annotated[str, Meta(description="Unique in its account; publishing under it makes a version.")]
    title: Annotated[str, Meta(description="For people.")]
    user_id: str
    version: Annotated[int, Meta(ge=1, description="The newest version, which is shown.")]
    visibility: Visibility
    created: str
    modified: str
    show: Annotated[str, Meta(description="Path of its page.")]
    embed: Annotated[str, Meta(description="Path of the bare frame, for other pages.")]
    size: Annotated[
        int | None,
        Meta(description="Bytes of the columns of this version, as they were when it was published."),
    ]


PUBLIC = "public"


@dataclass(frozen=True)
class Version:
    """A version of a plot.

    Attributes:
        version: its number.
        manifest: the hash of the blob that says what belongs to it.
        fingerprint: equal for versions that show the same.
        created: when.
        key: what named the request that made it; empty without.
        size: bytes of its columns; None where an older release stored it.
    """

    version: int
    manifest: str
    fingerprint: str
    created: str
    key: str = ""
    size: int | None = None


@dataclass(frozen=True)
class Plot:
    """A plot; times are RFC 3339 in UTC, versions oldest first, `etag` that of its record."""

    id: str
    name: str
    title: str
    user_id: str
    visibility: Visibility
    created: str
    versions: tuple[Version, ...] = field(repr=False)
    etag: str = field(default="", repr=False, compare=False)

    @property
    def latest(self) -> Version:
        """The version that is shown."""
        return self.versions[-1]

    @property
    def tag(self) -> str:
        """The state of the plot as HTTP names it: its etag without quotes, which those of Azure have."""
        return self.etag.strip('"')

    @property
    def summary(self) -> PlotSummary:
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
            "size": self.latest.size,
        }

    @property
    def history(self) -> list[dict[str, Any]]:
        """The versions as the API lists them, newest first."""
        return [{"version": v.version, "created": v.created} for v in reversed(self.versions)]

    @property
    def record(self) -> dict[str, Any]:
        """The plot as it is stored."""
        return {key: value for key, value in asdict(self).items() if key != "etag"}

    def find(self, number: int | None = None) -> Version:
        """Return a version by its number, the newest without one; `NotFound` names those that there are."""
        if number is None:
            return self.latest
        for version in self.versions:
            if version.version == number:
                return version
        kept = f"{self.versions[0].version} to {self.latest.version}"
        raise NotFound(f"This plot has no version {number}; it has {kept}.")


class Plots:
    """The plots of all accounts."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def find(self, user: str, name: str) -> Plot | None:
        """Return a plot by its name; None when there is none."""
        found = self._records.find(user, name)
        return found and plot_of(*found)

    def get(self, user: str, plot: str) -> Plot:
        """Return a plot by its id; `NotFound` also when it is another account's."""
        found = self.by_id(plot)
        if found.user_id != user:
            raise _not_there()
        return found

    def by_id(self, plot: str) -> Plot:
        """Return a plot by its id, whosever it is; `NotFound`. May the reader see it is another question.

        The work is the same whether or not there is one, so the time that it takes tells nothing.
        """
        owner = self._records.owner(plot) if ID.fullmatch(plot) else None
        found = self.find(*(owner or NOBODYS))
        if found is None or found.id != plot:
            raise _not_there()
        return found

    def page(self, user: str, after: str, limit: int) -> list[Plot]:
        """Return the plots whose name is greater than `after`, ordered by name."""
        return [plot_of(*found) for found in self._records.page(user, after, limit)]

    def everybodys(self, user: str | None, after: str, limit: int) -> list[Plot]:
        """Return plots of one account or of all, after `{account}/{name}`, in that order."""
        return [plot_of(*found) for found in self._records.everybodys(user, after, limit)]

    def references(self, plot: Plot) -> Iterator[dict[str, Any]]:
        """Yield what each version refers to: ids of data sources, hashes of columns.

        Nothing of versions that went away meanwhile.
        """
        for version in plot.versions:
            try:
                manifest = self.manifest(plot, version.version)
            except NotFound:
                now = self.find(plot.user_id, plot.name)
                if now is not None and version in now.versions:
                    raise
                continue
            yield {
                "user": plot.user_id,
                "plot": plot.id,
                "name": plot.name,
                "version": version.version,
                "sources": [source["id"] for source in manifest["sources"]],
                "columns": list(manifest["columns"]),
            }

    def manifest(self, plot: Plot, number: int | None = None) -> dict[str, Any]:
        """Return what belongs to a version (the newest when no number is given); `NotFound`."""
        version = plot.find(number)
        manifest = self._records.json_blob("manifests", plot.user_id, version.manifest)
        return {**manifest, "version": version.version}

    def scene(self, plot: Plot, manifest: dict[str, Any]) -> bytes:
        """Return the JSON of a version's scene."""
        return self._records.blob("scenes", plot.user_id, manifest["scene"])

    def scene_blocks(self, plot: Plot, manifest: dict[str, Any]) -> Iterator[bytes]:
        """Return the JSON of a version's scene in blocks of about 1 MiB."""
        return self._records.blocks("scenes", plot.user_id, manifest["scene"])

    def document(self, plot: Plot, number: int | None = None) -> dict[str, Any]:
        """Return a version's scene."""
        return dict(json.loads(self.scene(plot, self.manifest(plot, number))))

    def extension(self, plot: str, name: str) -> bytes:
        """Return the JavaScript of a custom model by its hash; who knows plot and hash may have it."""
        found = self.by_id(plot)
        if all(name not in self.manifest(found, v.version)["extensions"] for v in found.versions):
            raise NotFound("This plot has no such extension.")
        return self._records.blob("extensions", found.user_id, name)

    def not_shown(self, plot: Plot, columns: list[str]) -> list[str]:
        """Return those of `columns` that no version of the plot shows."""
        rest: dict[str, None] = dict.fromkeys(columns)
        for version in reversed(plot.versions):
            if not rest:
                break
            shown = self.manifest(plot, version.version)["columns"]
            rest = {column: None for column in rest if column not in shown}
        return list(rest)


def _not_there() -> NotFound:
    return NotFound("There is no such plot, or it is not yours to see.")


def plot_of(value: dict[str, Any], etag: str) -> Plot:
    """Make a plot of its record."""
    versions = tuple(Version(**version) for version in value["versions"])
    return Plot(**{**value, "versions": versions, "etag": etag})
