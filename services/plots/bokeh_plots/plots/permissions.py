"""The rules of who may see a plot, and which of its versions."""

from dataclasses import dataclass, replace

from bokeh_common.view_grant import ViewGrant
from bokeh_plots.plots.plots import Plot, Version, no_such_plot

#: The visibilities of plots that anyone with the URL may see.
OPEN = frozenset({"link", "public"})


@dataclass(frozen=True)
class Reader:
    """Who reads a plot.

    Attributes:
        user_id: the account of the principal; empty for visitors.
        only: the id of the one plot that the reader's token grants access to; None for a whole account. View
            tokens and share links act for the owner of the plot.
        view: what a view token grants; None for other credentials.
        history: whether the reader's share link opens old versions, too.
    """

    user_id: str
    only: str | None = None
    view: ViewGrant | None = None
    history: bool = False

    def owns(self, plot: Plot) -> bool:
        """Whether the reader is the owner of a plot, with a credential for the whole account."""
        return self.only is None and self.user_id == plot.user_id


def as_seen_by(plot: Plot, reader: Reader) -> Plot:
    """Return a plot with those versions that a reader may see; `NotFound` if there are none.

    To others than the owner, a version that they may not see is one that does not exist, and the names that
    the plot had before are not shown.
    """
    if reader.owns(plot):
        return plot
    versions = _visible_versions(plot, reader)
    if not versions:
        raise no_such_plot()
    return replace(plot, versions=tuple(versions), former_names=())


def _visible_versions(plot: Plot, reader: Reader) -> list[Version]:
    if reader.only is None:
        return _versions_for_others(plot, reader) if plot.visibility in OPEN else []
    if reader.only != plot.id or reader.user_id != plot.user_id:
        return []
    return _versions_for_others(plot, reader) if reader.view is None else _granted_versions(plot, reader.view)


def _versions_for_others(plot: Plot, reader: Reader) -> list[Version]:
    return [*plot.versions] if reader.history or _has_open_history(plot) else [plot.latest]


def _has_open_history(plot: Plot) -> bool:
    return plot.history and plot.visibility in OPEN


def _granted_versions(plot: Plot, grant: ViewGrant) -> list[Version]:
    if grant.needs_open and plot.visibility not in OPEN:
        return []
    if grant.needs_history and not _has_open_history(plot):
        return []
    if grant.version is None:
        return [plot.latest]
    if grant.pinned:
        return [version for version in plot.versions if version.version == grant.version]
    # Versions in between may have been made while the plot was private.
    shown = {grant.version, max(grant.version, plot.latest.version)}
    return [version for version in plot.versions if version.version in shown]


def sees_as_published(plot: Plot, reader: Reader, number: int | None) -> bool:
    """Whether a reader who requests a version sees live sources as they were when it was published.

    What live sources were is history, too; readers who see none get the current columns.

    Args:
        plot: the plot.
        reader: the reader.
        number: the requested version; None for the newest.
    """
    if number is None:
        return False
    if reader.view is not None:
        return reader.view.pinned
    return reader.owns(plot) or reader.history or _has_open_history(plot)
