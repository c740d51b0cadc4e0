"""Copies and deletion of plots together with their data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bokeh_common.errors import Conflict, NotFound, Unavailable
from bokeh_common.http.server.thread_pools import COMPUTE, STORAGE, compute
from bokeh_plots.clients import DataClient
from bokeh_plots.documents.publication import Publication
from bokeh_plots.documents.scene_json import columns_in, columns_of
from bokeh_plots.plots.editing import PlotEditor, WriteOptions
from bokeh_plots.plots.plots import Plot, Plots
from bokeh_plots.plots.publishing import PlotPublisher
from bokeh_plots.plots.scenes import Scene, Scenes

PAGE = 100
MAX_NAMES = 5  # of plots in an error message

#: What happens to the data sources of a plot that is deleted: they are kept; deleted unless another plot uses
#: them; or deleted in any case.
DataDisposal = Literal["keep", "unused", "force"]


@dataclass(frozen=True)
class CopyRequest:
    """What to copy.

    Attributes:
        name: the name of the copy; None for the name of the original.
    """

    name: str | None = None


@dataclass(frozen=True)
class DeletedPlot:
    """A plot that was deleted.

    Attributes:
        plot: the plot.
        sources: the ids of its data sources.
        unneeded: those that are to be deleted.
    """

    plot: Plot
    sources: list[str]
    unneeded: list[str]


class CopyAndDelete:
    """Copies plots into accounts, and deletes plots with their data."""

    def __init__(
        self, plots: Plots, scenes: Scenes, publisher: PlotPublisher, editor: PlotEditor, data: DataClient
    ) -> None:
        self._plots = plots
        self._scenes = scenes
        self._publisher = publisher
        self._editor = editor
        self._data = data

    def delete(
        self, plot: Plot, disposal: DataDisposal, force: bool, if_match: str | None = None
    ) -> DeletedPlot:
        """Delete a plot, but not its data sources.

        Args:
            plot: the plot.
            disposal: what is to happen to its data sources; see `delete_sources`.
            force: with `disposal` "force", whether to delete data sources that other plots use.
            if_match: the tag that the plot must have; None for any.

        Raises:
            Conflict: other plots would break (members `plots`, `sources`).
            PreconditionFailed: the plot does not have the tag `if_match`.
        """
        sources = self.sources_of(plot)
        if disposal == "force" and not force:
            self._require_no_other_plots(plot, sources)
        self._editor.delete(plot, if_match)
        # Looked up after the plot is gone, so that every plot published until then is taken into account.
        used = self.others_using(plot, sources) if disposal == "unused" else {}
        unneeded = [source for source in sources if source not in used] if disposal != "keep" else []
        return DeletedPlot(plot, sources, unneeded)

    async def delete_sources(self, deleted: DeletedPlot, authorization: str | None) -> dict[str, list[str]]:
        """Delete the data sources that a deleted plot leaves behind.

        Returns:
            the ids of the data sources that were `deleted`, and of those that were `kept`.
        """
        user = deleted.plot.user_id
        gone = [s for s in deleted.unneeded if await self._delete_source(user, s, authorization)]
        return {"deleted": gone, "kept": [source for source in deleted.sources if source not in gone]}

    async def clone(
        self, scene: Scene, user: str, request: CopyRequest, authorization: str | None, options: WriteOptions
    ) -> tuple[Plot, bool]:
        """Copy a plot into an account, without copying any chunk; returns what `PlotPublisher.publish` does.

        Args:
            scene: the scene of the requested version, from `Scenes.stored`.
            user: the account.
            request: what to copy.
            authorization: the caller's `Authorization` header.
            options: the conditions under which the copy is published.

        Raises:
            Conflict: the account has a plot of this name.
        """
        scene, plot = await self._scenes.current(scene), scene.plot
        stored, extensions = await STORAGE.run(self._read, scene)
        document = await compute(len(stored), scene.parse, stored)
        sources = scene.manifest["sources"]
        if plot.user_id != user:
            sources = await self._transfer(plot, user, document, sources, authorization)
        copy = Publication(
            name=request.name or plot.name,
            title=plot.title,
            description=plot.description,
            tags=plot.tags,
            document=document,
            sources=[_use_of(source, as_published=not scene.live) for source in sources],
            bundles=scene.manifest["bundles"],
            extensions=extensions,
            losses=tuple(scene.manifest.get("losses", ())),
        )
        return await self._publisher.publish(user, copy, authorization, options)

    def sources_of(self, plot: Plot) -> list[str]:
        """Return the ids of the data sources of all versions of a plot."""
        return list(dict.fromkeys(s for item in self._plots.references(plot) for s in item["sources"]))

    def others_using(self, plot: Plot, sources: list[str]) -> dict[str, list[Plot]]:
        """Return the account's other plots that use these data sources, by source."""
        found: dict[str, list[Plot]] = {}
        after = ""
        while page := self._plots.page(plot.user_id, after, PAGE):
            for other in page:
                used = set(self.sources_of(other)) if other.id != plot.id else set()
                for source in used.intersection(sources):
                    found.setdefault(source, []).append(other)
            after = page[-1].place
        return found

    def _require_no_other_plots(self, plot: Plot, sources: list[str]) -> None:
        using = self.others_using(plot, sources)
        broken = {other.id: other.name for others in using.values() for other in others}
        if broken:
            names = ", ".join(sorted(broken.values())[:MAX_NAMES]) + (
                ", ..." if len(broken) > MAX_NAMES else ""
            )
            detail = f"Deleting the data would break {len(broken)} other plots ({names}). Send 'force': true."
            plots = [{"id": key, "name": name} for key, name in broken.items()]
            raise Conflict(detail, slug="would-break", plots=plots, sources=sorted(using))

    def _read(self, scene: Scene) -> tuple[bytes, list[str]]:
        return scene.read(), self._plots.scripts(scene.plot, scene.manifest)

    async def _delete_source(self, user: str, source: str, authorization: str | None) -> bool:
        """Delete a data source; False if the data service does not answer: the source is an orphan then."""
        try:
            await self._data.delete(user, source, authorization)
        except NotFound:
            return True
        except Unavailable:
            return False
        return True

    async def _transfer(
        self,
        plot: Plot,
        user: str,
        document: dict[str, Any],
        sources: list[dict[str, Any]],
        authorization: str | None,
    ) -> list[dict[str, Any]]:
        """Make data sources for the account of the columns that the scene refers to, and of no others."""
        uses = {source["model"]: source for source in sources if source["model"]}
        wanted = await COMPUTE.run(_columns_to_transfer, document, set(uses))
        items = [
            {
                "name": plot.name,
                "columns": columns,
                "source": uses[model]["id"] if model else None,
                "version": uses[model].get("version") if model else None,
            }
            for model, columns in wanted
        ]
        ids = await self._data.transfer(plot.user_id, user, items, authorization)
        return [{"model": model, "id": key} for (model, _), key in zip(wanted, ids, strict=True)]


def _columns_to_transfer(
    document: dict[str, Any], models: set[str]
) -> list[tuple[str | None, dict[str, str]]]:
    """Return the columns of each new data source, hashes by name, and the id of the model that it fills."""
    by_model = columns_in(document, models)
    rest = columns_of(document) - {h for columns in by_model.values() for h in columns.values()}
    others = [(None, {column: column for column in sorted(rest)})] if rest else []
    return [*by_model.items(), *others]


def _use_of(source: Mapping[str, Any], as_published: bool) -> dict[str, Any]:
    """Return how a copy uses a data source: that of an old version at the version that it had then."""
    use = {"model": source["model"], "id": source["id"]}
    return {**use, "version": source["version"]} if as_published and "version" in source else use
