"""`Server.publish`: the document first, and what is said of the plot in a second request."""

import logging
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from bokeh.document import Document

from bokeh_cloud.account import AccountClient
from bokeh_cloud.arguments import (
    require_boolean,
    require_optional_string,
    require_string,
    require_strings,
)
from bokeh_cloud.columns.stored_column import publishing_to
from bokeh_cloud.config.general import VISIBILITIES, General
from bokeh_cloud.conversion.convert import convert
from bokeh_cloud.data.sources import remote_sources
from bokeh_cloud.errors import NotPublishable
from bokeh_cloud.plots.frame_size import frame_size
from bokeh_cloud.plots.plot import Plot
from bokeh_cloud.publishing.documents import Publishable, roots_of
from bokeh_cloud.publishing.losses import losses_of
from bokeh_cloud.publishing.publication import prepare

log = logging.getLogger("bokeh_cloud")


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """The arguments of `Server.publish`; None leaves what the plot has."""

    title: str | None
    description: str | None
    tags: list[str] | None
    visibility: str | None
    thumbnail: bool | None
    strict: bool

    @classmethod
    def checked(
        cls,
        title: str | None,
        description: str | None,
        tags: Iterable[str] | None,
        visibility: str | None,
        thumbnail: bool | None,
        strict: bool,
    ) -> "PublishOptions":
        """Return them, or raise before anything is sent.

        Raises:
            TypeError: one has a wrong type.
            NotPublishable: there is no such visibility.
        """
        require_optional_string("title", title, '"A sine"')
        require_optional_string("description", description, '"Hourly means"')
        require_optional_string("visibility", visibility, '"link"')
        if visibility is not None and visibility not in VISIBILITIES:
            raise NotPublishable(f"visibility must be {', '.join(VISIBILITIES)}, not {visibility!r}.")
        if thumbnail is not None:
            require_boolean("thumbnail", thumbnail)
        require_boolean("strict", strict)
        listed = None if tags is None else require_strings("tags", tags, '["weather"]')
        return cls(title, description, listed, visibility, thumbnail, strict)


def publish(
    account: AccountClient, settings: General, obj: Publishable, name: str, options: PublishOptions
) -> Plot:
    """Publish an object under a name; see `Server.publish`."""
    require_string("name", name, '"sine"')
    converted = convert(obj)
    obj = converted.obj
    roots = roots_of(obj)
    models = {model for root in roots for model in root.references()}
    losses = [*converted.losses, *losses_of(models, obj if isinstance(obj, Document) else None)]
    _tell(name, losses, options.strict)
    sources = remote_sources(models)
    for source in sources:
        if source.is_at(account) and not source.changed:
            source.refresh()
    with publishing_to(account.url, account.user_id) if sources else nullcontext():
        publication = prepare(obj, name, options.title, losses)
    summary = publication.send(account.connection, account.user_id, settings.progress)
    plot = Plot(summary, account.connection).framed(frame_size(roots))
    if changes := _changes(plot, settings, options):
        _change(plot, changes)
    if not plot.unchanged and (settings.thumbnail if options.thumbnail is None else options.thumbnail):
        from bokeh_cloud.publishing.thumbnail import upload_thumbnail

        path = f"{plot.path}/thumbnail?version={plot.version}"
        upload_thumbnail(account.connection, path, obj, name=name, warn=options.thumbnail is True)
    return plot


def _tell(name: str, losses: list[str], strict: bool) -> None:
    """Warn about each loss, or raise if there are some."""
    if losses and strict:
        raise NotPublishable(f"{name} would not be published whole. " + " ".join(losses))
    for loss in losses:
        log.warning("%s: %s", name, loss)


def _changes(plot: Plot, settings: General, options: PublishOptions) -> dict[str, Any]:
    """Return what differs from what is wanted; the visibility of the settings is for new plots only."""
    is_new = plot.version == 1 and not plot.unchanged
    wanted = {
        "description": options.description,
        "tags": options.tags,
        "visibility": options.visibility or (settings.visibility if is_new else None),
    }
    has = {"description": plot.description, "tags": list(plot.tags), "visibility": plot.visibility}
    return {key: value for key, value in wanted.items() if value is not None and value != has[key]}


def _change(plot: Plot, changes: dict[str, Any]) -> None:
    """Change a plot that was just published, and keep whether publishing changed it."""
    unchanged = plot.unchanged
    plot.change(**changes)
    vars(plot).update(unchanged=unchanged)
