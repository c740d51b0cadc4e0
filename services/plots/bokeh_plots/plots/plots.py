"""Plots, which are named and versioned documents, and how to read them."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import count, groupby
from typing import Any

from bokeh_common.errors import NotFound
from bokeh_plots.plots.summaries import ID, PlotSummary, Visibility
from bokeh_plots.storage.repository import PlotRepository

#: Account and name of a plot that does not exist.
NO_PLOT = ("-", "-")

PUBLIC = "public"

#: Members that the record of a plot has only if they are not empty.
OPTIONAL = ("history", "description", "tags", "stored_name", "former_names", "title_follows")


@dataclass(frozen=True)
class Version:
    """A version of a plot.

    Attributes:
        version: its number.
        manifest: the hash of its manifest.
        fingerprint: a hash that is equal for versions with the same content.
        created: when it was published, RFC 3339.
        key: the `Idempotency-Key` of the request that made it; empty without one.
        size: bytes of its columns; None if it was stored by an older release.
    """

    version: int
    manifest: str
    fingerprint: str
    created: str
    key: str = ""
    size: int | None = None


@dataclass(frozen=True)
class Plot:
    """A plot; times are RFC 3339 in UTC.

    Attributes:
        id: its id.
        name: unique in its account.
        title: for people.
        user_id: the account.
        visibility: who may see it.
        created: when its first version was published.
        versions: its versions, in order.
        history: whether others than the owner see old versions, too; a private plot has no others.
        description: what it shows, as plain text; empty without one.
        tags: words under which its owner looks for it.
        etag: that of the record.
        stored_name: the name under which it is stored, if that is not `name`; else empty.
        former_names: the names that it had before.
        title_follows: whether publishing again sets the title to that of the figure.
    """

    id: str
    name: str
    title: str
    user_id: str
    visibility: Visibility
    created: str
    versions: tuple[Version, ...] = field(repr=False)
    history: bool = False
    description: str = ""
    tags: tuple[str, ...] = ()
    etag: str = field(default="", repr=False, compare=False)
    stored_name: str = ""
    former_names: tuple[str, ...] = ()
    title_follows: bool = False

    @property
    def place(self) -> str:
        """The name under which it is stored, which is the first one that it had."""
        return self.stored_name or self.name

    @property
    def names(self) -> set[str]:
        """All names by which it is found."""
        return {self.place, self.name, *self.former_names}

    @property
    def latest(self) -> Version:
        """The newest version, which the plot page shows."""
        return self.versions[-1]

    @property
    def tag(self) -> str:
        """The `ETag` of the plot: the etag of its record without the quotes that Azure adds."""
        return self.etag.strip('"')

    @property
    def summary(self) -> PlotSummary:
        """The plot as the API returns it."""
        summary: PlotSummary = {
            "id": self.id,
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "tags": list(self.tags),
            "user_id": self.user_id,
            "version": self.latest.version,
            "visibility": self.visibility,
            "history": self.history,
            "created": self.created,
            "modified": self.latest.created,
            "show": f"/plots/{self.id}/show",
            "embed": f"/plots/{self.id}/embed",
            "size": self.latest.size,
        }
        if self.former_names:
            summary["former_names"] = [*self.former_names]
        return summary

    @property
    def version_summaries(self) -> list[dict[str, Any]]:
        """The versions as the API returns them, newest first."""
        return [{"version": v.version, "created": v.created} for v in reversed(self.versions)]

    @property
    def record(self) -> dict[str, Any]:
        """The plot as it is stored; earlier releases can read it unless it has one of `OPTIONAL`."""
        stored = asdict(self) | {"former_names": [*self.former_names]}
        return {
            key: value for key, value in stored.items() if key != "etag" and (value or key not in OPTIONAL)
        }

    def find(self, number: int | None = None) -> Version:
        """Return a version by its number, by default the newest; `NotFound` names the versions that exist."""
        if number is None:
            return self.latest
        for version in self.versions:
            if version.version == number:
                return version
        kept = _ranges([version.version for version in self.versions])
        raise NotFound(f"This plot has no version {number}; it has {kept}.")


class Plots:
    """The plots of all accounts."""

    def __init__(self, repository: PlotRepository) -> None:
        self._repository = repository

    def find(self, user: str, name: str) -> Plot | None:
        """Return a plot by its name, or one that it had before; None if there is none."""
        if plot := self._at(user, name):
            return plot
        value, _ = self._repository.other_names.find(user, name)
        plot = self._at(user, value["name"]) if value else None
        return plot if plot is not None and name in plot.names else None

    def _at(self, user: str, stored_name: str) -> Plot | None:
        found = self._repository.find(user, stored_name)
        return found and plot_of(*found)

    def get(self, user: str, plot: str) -> Plot:
        """Return a plot by its id; `NotFound` also if it belongs to another account."""
        found = self.by_id(plot)
        if found.user_id != user:
            raise no_such_plot()
        return found

    def by_id(self, plot: str) -> Plot:
        """Return a plot by its id; `NotFound`. The caller has to check whether the reader may see it.

        The work is the same whether or not the plot exists, so that the response time does not reveal it.
        """
        owner = self._repository.owner(plot) if ID.fullmatch(plot) else None
        found = self._at(*(owner or NO_PLOT))
        if found is None or found.id != plot:
            raise no_such_plot()
        return found

    def page(self, user: str, after: str, limit: int) -> list[Plot]:
        """Return the plots of an account whose names are greater than `after`, by name."""
        return [plot_of(*found) for found in self._repository.page(user, after, limit)]

    def page_of_all(self, user: str | None, after: str, limit: int) -> list[Plot]:
        """Return the plots of one account, or of all, after `{account}/{name}`, in that order."""
        return [plot_of(*found) for found in self._repository.page_of_all(user, after, limit)]

    def references(self, plot: Plot) -> Iterator[dict[str, Any]]:
        """Yield what each version refers to: ids of data sources, hashes of columns.

        Versions that are deleted in the meantime are left out.
        """
        for version in plot.versions:
            try:
                manifest = self.manifest(plot, version.version)
            except NotFound:
                now = self._at(plot.user_id, plot.place)
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
        """Return the manifest of a version, by default the newest, with its number; `NotFound`."""
        version = plot.find(number)
        manifest = self._repository.json_blob("manifests", plot.user_id, version.manifest)
        return {**manifest, "version": version.version}

    def scene(self, plot: Plot, manifest: dict[str, Any]) -> bytes:
        """Return the JSON of a scene by the manifest of its version."""
        return self._repository.blob("scenes", plot.user_id, manifest["scene"])

    def scene_blocks(self, plot: Plot, manifest: dict[str, Any]) -> Iterator[bytes]:
        """Return the JSON of a scene in blocks of about 1 MiB."""
        return self._repository.blocks("scenes", plot.user_id, manifest["scene"])

    def document(self, plot: Plot, number: int | None = None) -> dict[str, Any]:
        """Return the scene of a version, by default of the newest, as stored."""
        return dict(json.loads(self.scene(plot, self.manifest(plot, number))))

    def extension(self, plot: str, name: str) -> bytes:
        """Return the JavaScript of a custom model by its hash; readable by anyone who knows plot and hash."""
        found = self.by_id(plot)
        if all(name not in self.manifest(found, v.version)["extensions"] for v in found.versions):
            raise NotFound("This plot has no such extension.")
        return self._repository.blob("extensions", found.user_id, name)

    def scripts(self, plot: Plot, manifest: dict[str, Any]) -> list[str]:
        """Return the JavaScript of all custom models by the manifest of a version."""
        blob = self._repository.blob
        return [blob("extensions", plot.user_id, name).decode() for name in manifest["extensions"]]


def no_such_plot() -> NotFound:
    """Return the error for a plot that does not exist or that the reader may not see."""
    return NotFound("There is no such plot, or it is not yours to see.")


def _ranges(numbers: list[int]) -> str:
    """Return ascending numbers as in "1, 3 to 5"."""
    position = count()
    runs = [list(run) for _, run in groupby(numbers, key=lambda number: number - next(position))]
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


def plot_of(value: dict[str, Any], etag: str) -> Plot:
    """Return the plot that a record describes."""
    versions = tuple(Version(**version) for version in value["versions"])
    former, tags = tuple(value.get("former_names", ())), tuple(value.get("tags", ()))
    return Plot(**{**value, "versions": versions, "former_names": former, "tags": tags, "etag": etag})
