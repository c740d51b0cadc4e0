"""The domain objects of the plots service, built once at startup."""

from dataclasses import dataclass

from bokeh_common.http.change_notices import ChangePublisher, plot_topic
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.storage import BlobStore, RecordStore
from bokeh_plots.clients import AuthClient, DataClient
from bokeh_plots.live.changes import LiveChanges
from bokeh_plots.plots.account_export import PlotExporter
from bokeh_plots.plots.account_usage import PlotUsage
from bokeh_plots.plots.copy_and_delete import CopyAndDelete
from bokeh_plots.plots.drawn_columns import DrawnColumnsCache
from bokeh_plots.plots.editing import PlotEditor
from bokeh_plots.plots.models import Models
from bokeh_plots.plots.plots import Plots
from bokeh_plots.plots.publishing import PlotPublisher
from bokeh_plots.plots.scenes import Scenes
from bokeh_plots.plots.shown_columns import ShownColumns
from bokeh_plots.plots.view_counts import ViewCounts
from bokeh_plots.settings import Settings
from bokeh_plots.storage.repository import PlotRepository


@dataclass(frozen=True)
class Dependencies:
    """What the service is given: settings, its storage, and clients of the other services."""

    settings: Settings
    records: RecordStore
    blobs: BlobStore
    auth: ServiceClient
    data: ServiceClient


@dataclass(frozen=True)
class Domain:
    """The domain objects."""

    settings: Settings
    repository: PlotRepository
    auth: AuthClient
    data: DataClient
    plots: Plots
    scenes: Scenes
    changes: LiveChanges
    shown: ShownColumns
    models: Models
    publisher: PlotPublisher
    editor: PlotEditor
    copy_and_delete: CopyAndDelete
    view_counts: ViewCounts
    usage: PlotUsage
    exporter: PlotExporter

    @classmethod
    def create(cls, dependencies: Dependencies) -> "Domain":
        """Build the domain objects; nothing is read or written yet."""
        settings, data = dependencies.settings, DataClient(dependencies.data)
        notices = ChangePublisher(settings.redis_url)
        repository = PlotRepository(
            dependencies.records, dependencies.blobs, lambda plot: notices.publish(plot_topic(plot))
        )
        plots = Plots(repository)
        drawn = DrawnColumnsCache(plots)
        scenes = Scenes(plots, data, drawn)
        publisher = PlotPublisher(repository, data, settings.max_versions, settings.limits)
        editor = PlotEditor(repository, settings.max_versions, settings.limits)
        return cls(
            settings=settings,
            repository=repository,
            auth=AuthClient(dependencies.auth),
            data=data,
            plots=plots,
            scenes=scenes,
            changes=LiveChanges(scenes, data, drawn),
            shown=ShownColumns(scenes),
            models=Models(plots, scenes, data, settings.limits.ids),
            publisher=publisher,
            editor=editor,
            copy_and_delete=CopyAndDelete(plots, scenes, publisher, editor, data),
            view_counts=ViewCounts(repository, plots),
            usage=PlotUsage(repository),
            exporter=PlotExporter(repository),
        )
