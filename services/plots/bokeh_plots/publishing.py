"""Everything that changes a plot: each change is one compare-and-swap of its record.

Readers see the plot before the change or after it. A change that was overtaken looks again and is made on
top, unless its author named the state that it was meant for.
"""

import base64
import json
import random
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from bokeh_common.errors import Changed, Conflict, Forbidden, Invalid, NotFound
from bokeh_plots.holdings import Holdings
from bokeh_plots.limits import DEFAULT, Limits
from bokeh_plots.live import sent_size
from bokeh_plots.peers import Data
from bokeh_plots.plots import VISIBILITIES, Plot, Plots, Version
from bokeh_plots.publication import Publication, check_title
from bokeh_plots.records import Records, Refers

ID_BYTES = 10
ATTEMPTS = 20
MAX_PAUSE = 0.5  # seconds between two of them

T = TypeVar("T")


@dataclass(frozen=True)
class Terms:
    """On what terms a change is made.

    Attributes:
        expected: the state that it is meant for, a `Plot.tag`; None for any.
        key: what names the request, so that it is done once however often it is sent; empty without.
        new: whether there must be no plot of this name.
        max_plots: how many plots the account may have; None for any number.
    """

    expected: str | None = None
    key: str = ""
    new: bool = False
    max_plots: int | None = None


ANY = Terms()


class Publisher:
    """Publishes, changes and deletes plots."""

    def __init__(self, records: Records, data: Data, max_versions: int, limits: Limits = DEFAULT) -> None:
        self._records = records
        self._plots = Plots(records)
        self._data = data
        self._max_versions = max_versions
        self._limits = limits

    def publish(
        self, user: str, given: Publication, authorization: str | None, terms: Terms = ANY
    ) -> tuple[Plot, bool]:
        """Make a new plot, or a new version of the plot of this name.

        Returns:
            the plot, and whether it changed: publishing what is shown already makes no version. A request
            that was done before gets the plot as it was then.

        Raises:
            Invalid: the scene refers to columns that are in none of its data sources (member `missing`).
            Invalid: the number of the version is not greater than the newest.
            Changed: the plot is not as `terms.expected`.
            Forbidden: the account has as many plots as it may have.
            Conflict: others published under this name all the time.
        """
        sources = self._data.sources(user, given.source_versions, authorization)
        given = given.with_live(sources)
        sizes = _sizes(given, sources)
        fingerprint = given.fingerprint
        known = self._plots.find(user, given.name)
        if known and (done := _done(known, terms.key, fingerprint)):
            return done, True
        unchanged = known and known.latest.fingerprint == fingerprint and given.title in {None, known.title}
        if known and unchanged and not terms.new and self._is_whole(known):
            return known, False
        manifest, blobs = self._store(user, given, sizes)
        refers = self._refers(user, blobs, given.source_ids, sorted(given.columns))
        version = Version(given.number or 0, manifest, fingerprint, _now(), terms.key, sum(sizes.values()))
        return self._repeat(lambda: self._publish_once(user, given, version, refers, terms))

    def rollback(self, plot: Plot, number: int, terms: Terms = ANY) -> tuple[Plot, bool]:
        """Make a new version that shows what version `number` showed; none when it is shown already."""

        def once() -> tuple[Plot, bool]:
            current = self._plots.get(plot.user_id, plot.id)
            wanted = current.find(number)
            if done := _done(current, terms.key, wanted.fingerprint):
                return done, True
            if wanted.fingerprint == current.latest.fingerprint:
                return current, False
            again = replace(wanted, version=0, created=_now(), key=terms.key)
            return self._append(current, again, terms.expected), True

        return self._repeat(once)

    def change(self, plot: Plot, body: Any, expected: str | None = None) -> Plot:
        """Set the title or the visibility; `Invalid` for anything else."""
        changes = self._changes(body)

        def once() -> Plot:
            current = self._plots.get(plot.user_id, plot.id)
            return self._replace(current, replace(current, **changes), expected)

        return self._repeat(once)

    def delete(self, plot: Plot, expected: str | None = None) -> None:
        """Delete a plot with all its versions; what nothing else refers to is an orphan then."""

        def once() -> None:
            current = self._plots.get(plot.user_id, plot.id)
            _demand(current, expected)
            self._records.remove(current.user_id, current.record, current.etag)

        self._repeat(once)

    def _publish_once(
        self, user: str, given: Publication, version: Version, refers: Refers, terms: Terms
    ) -> tuple[Plot, bool]:
        found = self._plots.find(user, given.name)
        if found is None:
            return self._add(user, given, replace(version, version=version.version or 1), refers, terms), True
        if done := _done(found, terms.key, version.fingerprint):
            return done, True
        if terms.new:
            detail = f"There is a plot named {given.name!r} already; choose another name."
            raise Conflict(detail, slug="name-taken")
        titled = replace(found, title=given.title or found.title)
        if found.latest.fingerprint != version.fingerprint or not self._is_whole(found):
            return self._append(titled, version, terms.expected, refers), True
        return found if titled == found else self._replace(found, titled, terms.expected), False

    def _is_whole(self, plot: Plot) -> bool:
        """Tell whether the newest version can be shown: a repair of the storage may have moved it away."""
        try:
            self._plots.manifest(plot)
        except NotFound:
            return False
        return True

    def _store(self, user: str, given: Publication, sizes: dict[str, int]) -> tuple[str, list[str]]:
        """Store what belongs to a version; return the hash of its manifest, and the keys of all blobs."""
        manifest = {
            **given.traits,
            "columns": sizes,
            "extensions": [self._records.put_blob("extensions", user, t.encode()) for t in given.extensions],
            "scene": self._records.put_blob("scenes", user, _compact(given.document)),
        }
        name = self._records.put_blob("manifests", user, _compact(manifest))
        scripts = [f"extensions/{user}/{script}" for script in manifest["extensions"]]
        return name, [f"manifests/{user}/{name}", f"scenes/{user}/{manifest['scene']}", *scripts]

    def _refers(self, user: str, blobs: list[str], sources: list[str], columns: list[str]) -> Refers:
        things = [f"sources/{user}/{source}" for source in sources]
        things += [f"columns/{user}/{column}" for column in columns]
        others = [f"data:{thing}" for thing in things]
        return Refers(blobs, others, lambda: self._data.hold(user, sources, columns))

    def _add(self, user: str, given: Publication, first: Version, refers: Refers, terms: Terms) -> Plot:
        if terms.expected is not None:
            raise Changed("There is no plot of this name any more; publish it without If-Match.")
        self._demand_quota(user, terms.max_plots)
        title = given.first_title[: self._limits.title_length]
        plot = Plot(_new_id(), given.name, title, user, "private", first.created, (first,))
        return replace(plot, etag=self._records.add(user, plot.record, refers))

    def _demand_quota(self, user: str, limit: int | None) -> None:
        used = Holdings(self._records).count(user) if limit is not None else 0
        if limit is not None and used >= limit:
            detail = f"The account has {used} plots and may have {limit}. Delete some, or ask the operator."
            raise Forbidden(detail, slug="quota-exceeded", used=used, limit=limit)

    def _append(
        self, plot: Plot, version: Version, expected: str | None, refers: Refers | None = None
    ) -> Plot:
        newest = plot.latest.version
        if version.version and version.version <= newest:
            raise Invalid(f"'version' must be greater than {newest}, which there is already.")
        numbered = replace(version, version=version.version or newest + 1)
        kept = (*plot.versions, numbered)[-self._max_versions :]
        return self._replace(plot, replace(plot, versions=kept), expected, refers)

    def _replace(
        self, current: Plot, changed: Plot, expected: str | None, refers: Refers | None = None
    ) -> Plot:
        _demand(current, expected)
        etag = self._records.replace(current.user_id, changed.record, current.etag, refers)
        return replace(changed, etag=etag)

    def _repeat(self, once: Callable[[], T]) -> T:
        for attempt in range(ATTEMPTS):
            try:
                return once()
            except Conflict as error:
                if error.kind != Conflict.slug:
                    raise
            # Somebody else changed it meanwhile: look again, and not all at once.
            time.sleep(random.uniform(0, min(MAX_PAUSE, 0.01 * 2**attempt)))  # noqa: S311  # no secret
        raise Conflict("Others keep changing this plot at this moment; try again.")

    def _changes(self, body: Any) -> dict[str, Any]:
        if not isinstance(body, dict) or not body or body.keys() - {"title", "visibility"}:
            raise Invalid("Send an object with 'title', 'visibility' or both.")
        if not isinstance(body.get("title", ""), str):
            raise Invalid("'title' must be a text.")
        if "title" in body:
            check_title(body["title"], self._limits)
        if "visibility" in body and body["visibility"] not in VISIBILITIES:
            raise Invalid(f"'visibility' must be one of {', '.join(VISIBILITIES)}.")
        return dict(body)


def _sizes(given: Publication, sources: Mapping[str, Any]) -> dict[str, int]:
    """Return the bytes of the columns of a scene as they are sent, by hash."""
    columns = {column["hash"]: column for source in sources.values() for column in source["columns"].values()}
    if missing := sorted(given.columns - columns.keys()):
        detail = f"The document refers to {len(missing)} columns that are in none of its data sources."
        raise Invalid(detail, slug="missing-columns", missing=missing)
    return {column: sent_size(columns[column]) for column in sorted(given.columns)}


def _done(plot: Plot, key: str, fingerprint: str) -> Plot | None:
    """Return the plot as a request of this key left it; None when there was none."""
    for i, version in enumerate(plot.versions if key else ()):
        if version.key == key and version.fingerprint != fingerprint:
            detail = "This Idempotency-Key was used for something else; use a new one for each request."
            raise Invalid(detail, slug="key-reused")
        if version.key == key:
            return replace(plot, versions=plot.versions[: i + 1])
    return None


def _demand(plot: Plot, expected: str | None) -> None:
    if expected is not None and plot.tag != expected:
        raise Changed("The plot changed since you read it; read it again, and change it then.")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _new_id() -> str:
    return base64.b32encode(secrets.token_bytes(ID_BYTES)).decode().lower()


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
