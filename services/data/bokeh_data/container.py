"""The domain objects of the data service, built once at startup."""

from dataclasses import dataclass, field

from bokeh_common.http.change_notices import ChangePublisher, source_topic
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.storage import BlobStore, RecordStore
from bokeh_data.accounts.chunks import AccountChunks
from bokeh_data.accounts.columns import AccountColumns
from bokeh_data.accounts.export import DataExporter
from bokeh_data.accounts.plots_usage import PlotsUsage
from bokeh_data.accounts.usage import DataUsage
from bokeh_data.clients import PlotsClient
from bokeh_data.ingest.ingest import FileIngest, IngestLimits
from bokeh_data.queries.reader import SourceReader
from bokeh_data.settings import Settings
from bokeh_data.sources.catalog import SourceCatalog
from bokeh_data.sources.changes import SourceChanges
from bokeh_data.sources.frozen import FrozenSources
from bokeh_data.sources.live import LiveSources
from bokeh_data.sources.transfer import ColumnTransfer
from bokeh_data.sources.versions import SourceHistory
from bokeh_data.storage.compressor import Compressor
from bokeh_data.storage.repository import DataRepository


@dataclass(frozen=True)
class Dependencies:
    """What the service is given: settings, its storage, and clients of the other services."""

    settings: Settings
    records: RecordStore = field(repr=False)
    blobs: BlobStore = field(repr=False)
    auth: ServiceClient = field(repr=False)
    plots: ServiceClient = field(repr=False)


@dataclass(frozen=True)
class Domain:
    """The domain objects."""

    settings: Settings
    repository: DataRepository
    plots: PlotsClient
    chunks: AccountChunks
    columns: AccountColumns
    catalog: SourceCatalog
    frozen: FrozenSources
    live: LiveSources
    history: SourceHistory
    changes: SourceChanges
    reader: SourceReader
    ingest: FileIngest
    transfer: ColumnTransfer
    compressor: Compressor
    usage: DataUsage
    plots_usage: PlotsUsage
    exporter: DataExporter

    @classmethod
    def create(cls, dependencies: Dependencies) -> "Domain":
        """Build the domain objects; nothing is read or written yet."""
        settings, plots = dependencies.settings, PlotsClient(dependencies.plots)
        notices = ChangePublisher(settings.redis_url)
        repository = DataRepository(
            dependencies.records, dependencies.blobs, lambda source: notices.publish(source_topic(source))
        )
        limits, columns = settings.source_limits, AccountColumns(repository)
        catalog = SourceCatalog(repository)
        frozen, history = FrozenSources(repository, columns, limits), SourceHistory(repository, plots)
        ingest_limits = IngestLimits(settings.file_memory_bytes, settings.max_unpacked_bytes, limits)
        return cls(
            settings=settings,
            repository=repository,
            plots=plots,
            chunks=AccountChunks(repository),
            columns=columns,
            catalog=catalog,
            frozen=frozen,
            live=LiveSources(repository, columns, history, limits),
            history=history,
            changes=SourceChanges(repository, catalog, columns),
            reader=SourceReader(repository, columns, settings.cache_bytes),
            ingest=FileIngest(repository, ingest_limits),
            transfer=ColumnTransfer(repository, frozen),
            compressor=Compressor(dependencies.blobs),
            usage=DataUsage(repository),
            plots_usage=PlotsUsage(repository, plots),
            exporter=DataExporter(repository),
        )
