"""What a page shows of a plot: the grant of its view token, and the columns that readers may load."""

from dataclasses import dataclass, field

from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_common.view_grant import ViewGrant
from bokeh_plots.plots.permissions import Reader, sees_as_published
from bokeh_plots.plots.plots import Plot
from bokeh_plots.plots.scenes import Scene, Scenes

#: A grant names the versions of so many live sources, so that the token fits into a header.
MAX_LIVE_SOURCES = 64


@dataclass(frozen=True)
class LiveColumns:
    """The columns of a live source that a reader may load.

    Attributes:
        since: the oldest version that the reader may load; None for the newest only.
        names: the names of the columns.
    """

    since: int | None
    names: list[str]


@dataclass
class ColumnSearch:
    """Which columns a plot does not show, as far as this service knows.

    Attributes:
        missing: the columns that none of the versions shows.
        live: columns of live sources, by id, of which older versions may have been shown a moment ago. Only
            the data service knows those.
        used: the ids of live sources of which some columns are shown.
    """

    missing: list[str]
    live: dict[str, LiveColumns] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)


class ShownColumns:
    """Finds out which columns of a plot readers may load."""

    def __init__(self, scenes: Scenes) -> None:
        self._scenes = scenes

    async def find(self, plot: Plot, reader: Reader, columns: list[str]) -> ColumnSearch:
        """Return which of `columns` a plot, as the reader may see it, does not show."""
        search = ColumnSearch(columns)
        for number in _requestable(plot, reader):
            if not search.missing:
                break
            scene = await self._scenes.current(await STORAGE.run(self._scenes.stored, plot, reader, number))
            shown = scene.columns
            search.missing = [column for column in search.missing if column not in shown]
            search.live |= _live_columns(scene, reader)
            search.used += scene.drawn.published if scene.drawn else ()
        return search


def grant_of(scene: Scene, reader: Reader, number: int | None) -> ViewGrant | None:
    """Return what the view token of a page grants; None for readers with a view token, who get no other one.

    Args:
        scene: what the page shows, from `Scenes.current`.
        reader: who opens the page.
        number: the version that was requested; None for the newest.
    """
    if reader.view is not None:
        return None
    live = {key: source["version"] for key, source in scene.current.items()}
    is_owner, pinned = reader.owns(scene.plot), sees_as_published(scene.plot, reader, number)
    return ViewGrant(
        version=scene.manifest["version"],
        pinned=pinned,
        live=live if len(live) <= MAX_LIVE_SOURCES else {},
        needs_open=reader.only is None and not is_owner,
        needs_history=pinned and not is_owner and not reader.history,
    )


def _requestable(plot: Plot, reader: Reader) -> list[int | None]:
    """Return the versions that a reader may request, newest first; None for the newest with current data."""
    is_pinned = reader.view is not None and reader.view.pinned
    numbers = [version.version for version in reversed(plot.versions)]
    if not is_pinned and not sees_as_published(plot, reader, plot.latest.version):
        return [None, *numbers[1:]]
    return [*([] if is_pinned else [None]), *numbers]


def _live_columns(scene: Scene, reader: Reader) -> dict[str, LiveColumns]:
    if scene.drawn is None:
        return {}
    since = {} if reader.view is None else reader.view.live
    found = {}
    for source, current in scene.current.items():
        published = (name for name, _ in scene.drawn.published.get(source, ()))
        names = scene.drawn.of(dict.fromkeys([*current["columns"], *published]))
        found[source] = LiveColumns(since.get(source), names)
    return found
