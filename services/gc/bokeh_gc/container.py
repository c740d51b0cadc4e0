"""The domain objects of the garbage collector, built once at startup."""

from dataclasses import dataclass, field

from bokeh_common.http.client.blocking_client import BlockingServiceClient
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.storage import RecordStore
from bokeh_gc.clients import AuthClient, DataClient
from bokeh_gc.collection.collector import Collector
from bokeh_gc.repository import GcRepository
from bokeh_gc.schedule.compression import ChunkCompression
from bokeh_gc.schedule.worker import CollectorWorker
from bokeh_gc.settings import Settings

HOUR = 3600


@dataclass(frozen=True)
class Dependencies:
    """What the service is given: settings, its storage, and clients of the other services."""

    settings: Settings
    records: RecordStore = field(repr=False)
    auth: ServiceClient = field(repr=False)
    plots: ServiceClient = field(repr=False)
    data: ServiceClient = field(repr=False)


@dataclass(frozen=True)
class Domain:
    """The domain objects."""

    repository: GcRepository
    collector: Collector
    worker: CollectorWorker

    @classmethod
    def create(cls, dependencies: Dependencies) -> "Domain":
        """Build the domain objects; nothing is read or written yet."""
        settings, repository = dependencies.settings, GcRepository(dependencies.records)
        plots, data = BlockingServiceClient(dependencies.plots), BlockingServiceClient(dependencies.data)
        collector = Collector(
            services={"plots": plots, "data": data},
            auth=AuthClient(BlockingServiceClient(dependencies.auth)),
            repository=repository,
            grace=settings.grace_hours * HOUR,
            rest=settings.rest,
        )
        compression = ChunkCompression(
            data=DataClient(data),
            repository=repository,
            after=settings.compress_after_hours * HOUR,
            rest=settings.rest,
        )
        worker = CollectorWorker(collector, settings.every_hours * HOUR, compression=compression)
        return cls(repository, collector, worker)
