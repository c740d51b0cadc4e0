"""Changes of plots other than publications: each is one compare-and-swap of a plot's record.

Readers see the plot before the change or after it. A change that was overtaken by another one is repeated on
top of it, unless its author named the state for which it was meant.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from bokeh_common.compare_and_swap import compare_and_swap
from bokeh_common.errors import Conflict, Invalid, PreconditionFailed
from bokeh_common.timestamps import current_timestamp
from bokeh_plots.documents.descriptions import (
    MAX_DESCRIPTION_LENGTH,
    MAX_TAG_LENGTH,
    MAX_TAGS,
    check_description,
    check_tags,
)
from bokeh_plots.documents.limits import DEFAULT_LIMITS, DocumentLimits
from bokeh_plots.documents.publication import check_name, check_new_name, check_title
from bokeh_plots.plots.permissions import OPEN
from bokeh_plots.plots.plots import Plot, Plots, Version
from bokeh_plots.plots.summaries import Visibility
from bokeh_plots.storage.other_names import is_pending
from bokeh_plots.storage.repository import PlotRepository

T = TypeVar("T")


@dataclass(frozen=True)
class WriteOptions:
    """The conditions of a change.

    Attributes:
        if_match: the state for which the change is meant, a `Plot.tag`; None for any.
        key: the idempotency key, which makes a request that is sent twice take effect once; empty without
            one.
        must_be_new: whether there must be no plot of this name.
        max_plots, max_bytes: how many plots and bytes the account may have; None for any number.
    """

    if_match: str | None = None
    key: str = ""
    must_be_new: bool = False
    max_plots: int | None = None
    max_bytes: int | None = None


UNCONDITIONAL = WriteOptions()


class PlotChange(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What to change; at least one member is required."""

    name: Annotated[str | msgspec.UnsetType, Meta(description="It must be free.")] = msgspec.UNSET
    title: Annotated[
        str | msgspec.UnsetType,
        Meta(description="From then on, publishing does not set it to that of the figure."),
    ] = msgspec.UNSET
    description: Annotated[
        str | msgspec.UnsetType,
        Meta(
            description=f"What the plot shows, at most {MAX_DESCRIPTION_LENGTH:,} characters of plain text."
        ),
    ] = msgspec.UNSET
    tags: Annotated[
        list[str] | msgspec.UnsetType,
        Meta(
            description=f"At most {MAX_TAGS} words of at most {MAX_TAG_LENGTH} characters; replace those "
            "that the plot has."
        ),
    ] = msgspec.UNSET
    visibility: Visibility | msgspec.UnsetType = msgspec.UNSET
    history: Annotated[
        bool | msgspec.UnsetType,
        Meta(
            description="Whether others than the owner see old versions, too. A change of `visibility` sets "
            "it to false unless it says otherwise."
        ),
    ] = msgspec.UNSET


CHANGEABLE = PlotChange.__struct_fields__


class PlotEditor:
    """Changes and deletes plots."""

    def __init__(
        self, repository: PlotRepository, max_versions: int, limits: DocumentLimits = DEFAULT_LIMITS
    ) -> None:
        self._repository = repository
        self._plots = Plots(repository)
        self._max_versions = max_versions
        self._limits = limits

    def rollback(self, plot: Plot, number: int, options: WriteOptions = UNCONDITIONAL) -> tuple[Plot, bool]:
        """Create a new version with the content of version `number`, unless the newest has it already."""

        def once() -> tuple[Plot, bool]:
            current = self._plots.get(plot.user_id, plot.id)
            wanted = current.find(number)
            if done := already_done(current, options.key, wanted.fingerprint):
                return done, True
            if wanted.fingerprint == current.latest.fingerprint:
                return current, False
            again = replace(wanted, version=0, created=current_timestamp(), key=options.key)
            changed = append_version(current, again, self._max_versions)
            return self._replace(current, changed, options.if_match), True

        return self._repeat(once)

    def change(self, plot: Plot, change: PlotChange, if_match: str | None = None) -> Plot:
        """Set name, title, description, tags, visibility or history.

        Raises:
            Conflict: another plot has, or had, the name.
            Invalid: a member is not valid, nothing is given, or a private plot would have a history.
        """
        changes: dict[str, Any] = msgspec.to_builtins(change)
        if not changes:
            raise Invalid(f"Send an object with one of these, or several: {', '.join(CHANGEABLE)}.")
        if isinstance(change.name, str):
            changes["name"] = check_new_name(check_name(change.name, self._limits))
        if isinstance(change.title, str):
            check_title(change.title, self._limits)
        if isinstance(change.description, str):
            changes["description"] = check_description(change.description)
        if isinstance(change.tags, list):
            changes["tags"] = check_tags(change.tags)

        def once() -> Plot:
            current = self._plots.get(plot.user_id, plot.id)
            changed = _apply(current, changes)
            if changed.name != current.name:
                require_match(current, if_match)
                self._claim(current, changed.name)
                etag = self._repository.rename(current.user_id, changed.record, current.etag)
                return replace(changed, etag=etag)
            return self._replace(current, changed, if_match)

        return self._repeat(once)

    def _claim(self, plot: Plot, name: str) -> None:
        """Record a new name of a plot, unless it had the name before; `Conflict` if another plot has it."""
        if name in plot.names:
            return
        claimed, etag = self._repository.other_names.find(plot.user_id, name)
        if self._plots.find(plot.user_id, name) is not None or is_pending(claimed):
            raise name_taken(name)
        self._repository.other_names.claim(plot.user_id, name, plot.place, etag)

    def delete_version(self, plot: Plot, number: int, if_match: str | None = None) -> Plot:
        """Delete a version; what nothing else refers to becomes an orphan.

        Raises:
            NotFound: the plot has no such version.
            Conflict: it is the newest, which the plot shows.
        """

        def once() -> Plot:
            current = self._plots.get(plot.user_id, plot.id)
            unwanted = current.find(number)
            if unwanted == current.latest:
                raise _needed(current)
            versions = tuple(version for version in current.versions if version != unwanted)
            return self._replace(current, replace(current, versions=versions), if_match)

        return self._repeat(once)

    def delete(self, plot: Plot, if_match: str | None = None) -> None:
        """Delete a plot with all its versions; what nothing else refers to becomes an orphan."""

        def once() -> None:
            current = self._plots.get(plot.user_id, plot.id)
            require_match(current, if_match)
            self._repository.remove(current.user_id, current.record, current.etag)

        self._repeat(once)

    def _replace(self, current: Plot, changed: Plot, if_match: str | None) -> Plot:
        require_match(current, if_match)
        return replace(changed, etag=self._repository.replace(current.user_id, changed.record, current.etag))

    def _repeat(self, once: Callable[[], T]) -> T:
        return compare_and_swap(lambda: None, lambda _: once(), busy())


def _apply(plot: Plot, changes: dict[str, Any]) -> Plot:
    """Return a changed plot; with another visibility it has no history unless the changes say otherwise."""
    if changes.get("name", plot.name) != plot.name:
        former = tuple(name for name in (*plot.former_names, plot.name) if name != changes["name"])
        stored = plot.place if changes["name"] != plot.place else ""
        title = changes["name"] if plot.title_follows and plot.title == plot.name else plot.title
        plot = replace(plot, former_names=former, stored_name=stored, title=title)
    if "title" in changes:
        plot = replace(plot, title_follows=False)
    is_opened = changes.get("visibility", plot.visibility) != plot.visibility
    changed = replace(plot, **{"history": plot.history and not is_opened, **changes})
    if changed.history and changed.visibility not in OPEN:
        raise Invalid(
            "No one else sees a private plot, so it has no history for others. Send 'visibility' as 'link' "
            "or 'public', too, or create a share link with 'history'."
        )
    return changed


def _needed(plot: Plot) -> Conflict:
    """Return the error of a version that cannot be deleted, since the plot shows it."""
    way = (
        "It is the only one, so delete the plot instead."
        if len(plot.versions) == 1
        else "Publish another one, or roll back to an older one, and delete this one then."
    )
    return Conflict(
        f"Version {plot.latest.version} is the newest, which the plot shows. {way}", slug="newest-version"
    )


def append_version(plot: Plot, version: Version, max_versions: int) -> Plot:
    """Return a plot with another version, without the oldest ones over `max_versions`.

    Args:
        plot: the plot.
        version: the version; its number is 0 for the next one.
        max_versions: how many versions are kept.

    Raises:
        Invalid: the number of the version is not greater than that of the newest.
    """
    newest = plot.latest.version
    if version.version and version.version <= newest:
        raise Invalid(f"'version' must be greater than {newest}, which exists already.")
    numbered = replace(version, version=version.version or newest + 1)
    return replace(plot, versions=(*plot.versions, numbered)[-max_versions:])


def already_done(plot: Plot, key: str, fingerprint: str) -> Plot | None:
    """Return the plot as the request with this idempotency key left it; None if there was none."""
    for i, version in enumerate(plot.versions if key else ()):
        if version.key == key and version.fingerprint != fingerprint:
            detail = "This Idempotency-Key was used for another request; use a new one for each request."
            raise Invalid(detail, slug="key-reused")
        if version.key == key:
            return replace(plot, versions=plot.versions[: i + 1])
    return None


def require_match(plot: Plot, if_match: str | None) -> None:
    """Raise `PreconditionFailed` if a plot does not have the tag `if_match`; None stands for any."""
    if if_match is not None and plot.tag != if_match:
        raise PreconditionFailed(
            "The plot has changed since you read it; read it again, and repeat the change."
        )


def name_taken(name: str) -> Conflict:
    """Return the error of a name that another plot has."""
    return Conflict(f"There is a plot named {name!r} already; choose another name.", slug="name-taken")


def busy() -> Conflict:
    """Return the error of a plot that other requests keep changing."""
    return Conflict("This plot changes too often at the moment; try again.")
