"""Publication of new versions of plots.

The version becomes visible by one compare-and-swap of the plot's record, after everything that it refers to
has been stored. A publication that was overtaken by another change is repeated on top of it, unless its
author named the state for which it was meant.
"""

import base64
import secrets
from dataclasses import dataclass, replace

from bokeh_common.compare_and_swap import compare_and_swap_async
from bokeh_common.errors import Forbidden, NotFound, PreconditionFailed
from bokeh_common.hashing import hash_bytes
from bokeh_common.http.server.thread_pools import COMPUTE, STORAGE
from bokeh_common.storage import ABSENT, Absent
from bokeh_common.timestamps import current_timestamp
from bokeh_plots.clients import DataClient
from bokeh_plots.documents.analyzed_publication import AnalyzedPublication, prepare
from bokeh_plots.documents.limits import DEFAULT_LIMITS, DocumentLimits
from bokeh_plots.documents.publication import Publication, check_new_name
from bokeh_plots.plots.byte_quota import RECORD_BYTES, reserve_bytes
from bokeh_plots.plots.editing import (
    UNCONDITIONAL,
    WriteOptions,
    already_done,
    append_version,
    busy,
    name_taken,
    require_match,
)
from bokeh_plots.plots.plots import Plot, Plots, Version
from bokeh_plots.storage.plot_write import NewReferences, PlotWrite
from bokeh_plots.storage.repository import PlotRepository

ID_BYTES = 10


class PlotPublisher:
    """Publishes plots."""

    def __init__(
        self,
        repository: PlotRepository,
        data: DataClient,
        max_versions: int,
        limits: DocumentLimits = DEFAULT_LIMITS,
    ) -> None:
        self._repository = repository
        self._data = data
        self._max_versions = max_versions
        self._limits = limits

    async def publish(
        self,
        user: str,
        publication: Publication,
        authorization: str | None,
        options: WriteOptions = UNCONDITIONAL,
    ) -> tuple[Plot, bool]:
        """Create a plot, or a new version of the plot of this name.

        Returns:
            the plot, and whether it changed: publishing the content of the newest version again makes no new
            version. A request with a known idempotency key returns the plot as the first one left it.

        Raises:
            Invalid: the scene refers to columns that are in none of its data sources (member `missing`).
            Invalid: the number of the version is not greater than that of the newest.
            PreconditionFailed: the plot does not have the tag `options.if_match`.
            Forbidden: the account has as many plots or bytes as it may have.
            Conflict: the plot changes too often.
        """
        sources = await self._data.sources(user, publication.source_versions, authorization)
        prepared = await COMPUTE.run(prepare, publication, sources)
        writer = _VersionWriter(self._repository, user, prepared, options, self._max_versions, self._limits)
        size = await STORAGE.run(writer.count_new_bytes) if options.max_bytes is not None else 0
        async with reserve_bytes(self._data, user, size, options.max_bytes):
            return await compare_and_swap_async(lambda: self._attempt(user, writer), busy())

    async def _attempt(self, user: str, writer: "_VersionWriter") -> tuple[Plot, bool]:
        started = await STORAGE.run(writer.start)
        if not isinstance(started, _StartedWrite):
            return started
        try:
            await self._data.pin(user, started.references.sources, started.references.columns)
        except BaseException:
            await STORAGE.run(started.write.abort)
            raise
        return replace(started.plot, etag=await STORAGE.run(started.write.commit)), True


@dataclass(frozen=True)
class _StartedWrite:
    """A new version that becomes visible when its write is committed."""

    plot: Plot
    write: PlotWrite
    references: NewReferences


class _VersionWriter:
    """Writes a new version of a plot; its methods are called on a thread."""

    def __init__(
        self,
        repository: PlotRepository,
        user: str,
        prepared: AnalyzedPublication,
        options: WriteOptions,
        max_versions: int,
        limits: DocumentLimits,
    ) -> None:
        self._repository = repository
        self._plots = Plots(repository)
        self._user = user
        self._prepared = prepared
        self._publication = prepared.publication
        self._options = options
        self._max_versions = max_versions
        self._limits = limits
        self._stored: tuple[Version, NewReferences] | None = None

    def count_new_bytes(self) -> int:
        """Return how many bytes the account will have in addition."""
        scripts = [script.encode() for script in self._publication.extensions]
        scene = self._prepared.scene
        manifest = self._prepared.manifest([hash_bytes(script) for script in scripts], hash_bytes(scene))
        blobs = [("extensions", script) for script in scripts] + [("scenes", scene), ("manifests", manifest)]
        has = self._repository.has_blob
        new = [len(data) for keyspace, data in blobs if not has(keyspace, self._user, hash_bytes(data))]
        return sum(new) + (RECORD_BYTES if new else 0)

    def start(self) -> _StartedWrite | tuple[Plot, bool]:
        """Start a write on top of the current state, or return the plot if there is nothing to announce.

        Raises:
            Conflict: another request changed the plot; or there must be none of this name.
        """
        found = self._plots.find(self._user, self._publication.name)
        if found is None:
            return self._add()
        if done := already_done(found, self._options.key, self._prepared.fingerprint):
            return done, True
        if self._options.must_be_new:
            raise name_taken(found.name)
        titled = self._titled(found)
        if not self._is_current(found):
            return self._append(titled)
        return found if titled == found else self._retitle(titled), False

    def _titled(self, plot: Plot) -> Plot:
        """Return a plot with its title after this publication: that of the figure, until someone sets one."""
        if self._publication.title:
            return replace(plot, title=self._publication.title, title_follows=False)
        if not plot.title_follows:
            return plot
        is_named = self._prepared.first_title == self._publication.name  # the figure has no title
        return replace(plot, title=plot.name if is_named else self._first_title)

    @property
    def _first_title(self) -> str:
        return self._prepared.first_title[: self._limits.title_length]

    def _add(self) -> _StartedWrite:
        if self._options.if_match is not None:
            raise PreconditionFailed("There is no plot of this name any more; publish it without If-Match.")
        name = check_new_name(self._publication.name)
        self._require_quota()
        version, references = self._store()
        first = replace(version, version=version.version or 1)
        given = self._publication
        plot = Plot(_new_id(), name, self._first_title, self._user, "private", first.created, (first,))
        plot = replace(plot, title_follows=not given.title, description=given.description, tags=given.tags)
        started = self._announce(plot, ABSENT, references)
        try:
            self._require_quota(own=1)  # again, as other requests may add plots at the same time
            self._repository.other_names.require_free(self._user, name)
        except BaseException:
            started.write.abort()
            raise
        return started

    def _append(self, plot: Plot) -> _StartedWrite:
        require_match(plot, self._options.if_match)
        version, references = self._store()
        changed = append_version(plot, version, self._max_versions)
        return self._announce(changed, plot.etag, references)

    def _retitle(self, plot: Plot) -> Plot:
        require_match(plot, self._options.if_match)
        return replace(plot, etag=self._repository.replace(self._user, plot.record, plot.etag))

    def _announce(self, plot: Plot, etag: str | Absent, references: NewReferences) -> _StartedWrite:
        write = self._repository.announce(self._user, plot.record, etag, references)
        return _StartedWrite(plot, write, references)

    def _is_current(self, plot: Plot) -> bool:
        """Whether the newest version has this content, and can be shown.

        A version that is published with a number of its own is a new one: of a plot whose history is copied,
        versions with other contents may have been deleted in between.
        A repair of the storage may have moved its manifest, which is there again once it has been stored.
        """
        if plot.latest.fingerprint != self._prepared.fingerprint:
            return False
        if (self._publication.number or 0) > plot.latest.version:
            return False
        if self._has_manifest(plot):
            return True
        self._store()
        return self._has_manifest(plot)

    def _has_manifest(self, plot: Plot) -> bool:
        try:
            self._plots.manifest(plot)
        except NotFound:
            return False
        return True

    def _require_quota(self, own: int = 0) -> None:
        """Raise `Forbidden` if there are too many plots; `own` of them belong to this request."""
        limit = self._options.max_plots
        used = self._repository.count_plots(self._user) - own if limit is not None else 0
        if limit is not None and used >= limit:
            detail = f"The account has {used} plots and may have {limit}. Delete some, or ask the operator."
            raise Forbidden(detail, slug="quota-exceeded", used=used, limit=limit)

    def _store(self) -> tuple[Version, NewReferences]:
        """Store the blobs of the version, once; return the version, and what it refers to."""
        if self._stored is None:
            manifest, blobs = self._store_blobs()
            sizes, number = self._prepared.sizes, self._publication.number or 0
            time, key = current_timestamp(), self._options.key
            version = Version(number, manifest, self._prepared.fingerprint, time, key, sum(sizes.values()))
            self._stored = version, NewReferences(blobs, self._publication.source_ids, list(sizes))
        return self._stored

    def _store_blobs(self) -> tuple[str, list[str]]:
        """Return the hash of the manifest, and the keys of all blobs."""
        put, user = self._repository.put_blob, self._user
        scripts = [put("extensions", user, script.encode()) for script in self._publication.extensions]
        scene = put("scenes", user, self._prepared.scene)
        manifest = put("manifests", user, self._prepared.manifest(scripts, scene))
        extensions = [f"extensions/{user}/{script}" for script in scripts]
        return manifest, [f"manifests/{user}/{manifest}", f"scenes/{user}/{scene}", *extensions]


def _new_id() -> str:
    return base64.b32encode(secrets.token_bytes(ID_BYTES)).decode().lower()
