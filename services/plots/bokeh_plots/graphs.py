"""Whole scene graphs with their data: deleted together, or copied into another account."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bokeh_common.errors import Conflict, NotFound, Unavailable
from bokeh_plots.documents import columns_in, columns_of
from bokeh_plots.peers import Data
from bokeh_plots.plots import Plot, Plots
from bokeh_plots.publication import Publication
from bokeh_plots.publishing import Publisher, Terms
from bokeh_plots.scenes import Scenes

PAGE = 100

#: What becomes of the data of a plot that is deleted: it is kept; deleted as far as no other plot refers to
#: it; or deleted although others do.
Fate = Literal["keep", "unused", "force"]


@dataclass(frozen=True)
class Copy:
    """What a copy of a plot is to be.

    Attributes:
        name: in the account that gets it; None for the same.
        version: which one; None for what is shown now.
    """

    name: str | None = None
    version: int | None = None


class Graphs:
    """Deletes and copies plots with all that belongs to them."""

    def __init__(self, plots: Plots, scenes: Scenes, publisher: Publisher, data: Data) -> None:
        self._plots = plots
        self._scenes = scenes
        self._publisher = publisher
        self._data = data

    def delete(
        self, plot: Plot, fate: Fate, force: bool, authorization: str | None, expected: str | None = None
    ) -> dict[str, Any]:
        """Delete a plot, and data sources of it as `fate` says.

        Returns:
            the ids of the sources that were `deleted` and of those that were `kept`.

        Raises:
            Conflict: other plots would break (members `plots`, `sources`), and it is not forced.
            Changed: the plot is not as `expected`.
        """
        sources = self.sources_of(plot)
        if fate == "force" and not force:
            self._demand_no_others(plot, sources)
        self._publisher.delete(plot, expected)
        # Looked up after the plot is gone, so that nothing that was published until then is overlooked.
        used = self.others_using(plot, sources) if fate == "unused" else {}
        wanted = [source for source in sources if source not in used] if fate != "keep" else []
        deleted = [s for s in wanted if self._delete_source(plot.user_id, s, authorization)]
        return {"deleted": deleted, "kept": [source for source in sources if source not in deleted]}

    def clone(
        self, plot: Plot, user: str, wish: Copy, authorization: str | None, terms: Terms
    ) -> tuple[Plot, bool]:
        """Copy a plot into an account, as `Publisher.publish`; no chunk of its data is copied.

        Raises:
            Conflict: the account has a plot of this name.
        """
        scene = self._scenes.of(plot, wish.version)
        sources = scene.manifest["sources"]
        if plot.user_id != user:
            sources = self._hand_over(plot, user, scene.document, sources, authorization)
        extensions = [self._plots.extension(plot.id, name).decode() for name in scene.manifest["extensions"]]
        copy = Publication(
            name=wish.name or plot.name,
            title=plot.title,
            document=scene.document,
            sources=[_used(source, wish.version) for source in sources],
            bundles=scene.manifest["bundles"],
            extensions=extensions,
        )
        return self._publisher.publish(user, copy, authorization, terms)

    def sources_of(self, plot: Plot) -> list[str]:
        """Return the ids of the data sources of all versions."""
        return list(dict.fromkeys(s for item in self._plots.references(plot) for s in item["sources"]))

    def others_using(self, plot: Plot, sources: list[str]) -> dict[str, list[Plot]]:
        """Return the account's other plots that refer to these data sources, by source."""
        found: dict[str, list[Plot]] = {}
        after = ""
        while page := self._plots.page(plot.user_id, after, PAGE):
            for other in page:
                used = set(self.sources_of(other)) if other.id != plot.id else set()
                for source in used.intersection(sources):
                    found.setdefault(source, []).append(other)
            after = page[-1].name
        return found

    def _demand_no_others(self, plot: Plot, sources: list[str]) -> None:
        using = self.others_using(plot, sources)
        broken = {other.id: other.name for others in using.values() for other in others}
        if broken:
            names = ", ".join(sorted(broken.values())[:5]) + (", ..." if len(broken) > 5 else "")
            detail = f"Deleting the data would break {len(broken)} other plots ({names}). Send 'force': true."
            plots = [{"id": key, "name": name} for key, name in broken.items()]
            raise Conflict(detail, slug="would-break", plots=plots, sources=sorted(using))

    def _delete_source(self, user: str, source: str, authorization: str | None) -> bool:
        """Delete a data source; False when that cannot be done now: then it is an orphan, to be collected."""
        try:
            self._data.delete(user, source, authorization)
        except NotFound:
            return True
        except Unavailable:
            return False
        return True

    def _hand_over(
        self,
        plot: Plot,
        user: str,
        document: Mapping[str, Any],
        sources: list[dict[str, Any]],
        authorization: str | None,
    ) -> list[dict[str, Any]]:
        """Give the account data sources of the columns that the scene refers to, by the scene alone."""
        by_model = columns_in(dict(document), {source["model"] for source in sources if source["model"]})
        loose = columns_of(dict(document)) - {h for columns in by_model.values() for h in columns.values()}
        given: list[tuple[str | None, dict[str, str]]] = [*by_model.items()]
        if loose:
            given.append((None, {column: column for column in sorted(loose)}))
        ids = self._data.hand_over(plot.user_id, user, plot.name, [c for _, c in given], authorization)
        return [{"model": model, "id": key} for (model, _), key in zip(given, ids, strict=True)]


def _used(source: Mapping[str, Any], version: int | None) -> dict[str, Any]:
    """Return how a copy uses a data source: an old version of a plot with a live one as it was then."""
    use = {"model": source["model"], "id": source["id"]}
    return {**use, "version": source["version"]} if version and "version" in source else use
