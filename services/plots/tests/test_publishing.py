"""Publications that are stopped, or that come at the same time, leave nothing half-written."""

import asyncio
from collections.abc import Callable

import pytest

from bokeh_common.errors import Forbidden, Invalid
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.storage import Record, RecordStore, open_blobs, open_records
from bokeh_plots.clients import DataClient
from bokeh_plots.documents.publication import Publication, parse_publication
from bokeh_plots.plots.editing import WriteOptions
from bokeh_plots.plots.publishing import PlotPublisher
from bokeh_plots.storage.repository import PlotRepository


class WaitingData(DataClient):
    """A data service that answers requests to pin when the test lets it."""

    def __init__(self) -> None:
        super().__init__(ServiceClient("http://unreachable.invalid"))
        self.asked, self.answer = asyncio.Semaphore(0), asyncio.Event()
        self.refuses = False

    async def pin(self, user: str, sources: list[str], columns: list[str]) -> None:
        self.asked.release()
        await self.answer.wait()
        if self.refuses:
            raise Invalid("There is no such source.", slug="missing-source")


@pytest.fixture
def records(storage: str) -> RecordStore:
    """The records as they are stored, with announcements."""
    return open_records(storage, "plots")


@pytest.fixture
def publisher_of(storage: str, records: RecordStore) -> Callable[[DataClient], PlotPublisher]:
    repository = PlotRepository(records, open_blobs(storage, "plots"))
    return lambda data: PlotPublisher(repository, data, max_versions=5)


def publication(text: str = "one", name: str = "sine") -> Publication:
    root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": text}}
    return parse_publication({"name": name, "document": {"version": "3.9.2", "roots": [root]}})


def values(records: list[Record]) -> dict[str, object]:
    return {record.key: record.value for record in records}


async def publish_first(publisher: PlotPublisher, data: WaitingData) -> None:
    data.answer.set()
    await publisher.publish("ada", publication(), None)
    await data.asked.acquire()
    data.answer.clear()


@pytest.mark.parametrize("exists", [False, True])
def test_a_publication_whose_client_leaves_changes_nothing(
    publisher_of: Callable[[DataClient], PlotPublisher], records: RecordStore, exists: bool
) -> None:
    async def leave() -> dict[str, object]:
        data = WaitingData()
        publisher = publisher_of(data)
        if exists:
            await publish_first(publisher, data)
        before = values(records.list())
        task = asyncio.create_task(publisher.publish("ada", publication("two"), None))
        await data.asked.acquire()
        assert values(records.list()) != before, "the write was announced"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return before

    before = asyncio.run(leave())
    assert values(records.list()) == before
    assert len(before) == 2 * exists


def test_a_publication_whose_sources_are_gone_changes_nothing(
    publisher_of: Callable[[DataClient], PlotPublisher], records: RecordStore
) -> None:
    async def refuse() -> None:
        data = WaitingData()
        data.refuses = True
        data.answer.set()
        await publisher_of(data).publish("ada", publication(), None)

    with pytest.raises(Invalid, match="no such source"):
        asyncio.run(refuse())
    assert records.list() == []


def test_a_publication_that_was_overtaken_is_repeated(
    publisher_of: Callable[[DataClient], PlotPublisher], records: RecordStore
) -> None:
    async def overtake() -> list[int]:
        data = WaitingData()
        publisher = publisher_of(data)
        tasks = [asyncio.create_task(publisher.publish("ada", publication(t), None)) for t in ("one", "two")]
        for _ in tasks:  # the second replaces the announcement of the first
            await data.asked.acquire()
        data.answer.set()
        return sorted([plot.latest.version for plot, _ in await asyncio.gather(*tasks)])

    assert asyncio.run(overtake()) == [1, 2]
    assert len(records.list("ids/")) == 1, "the index of the plot that was not added is deleted"


def test_plots_that_are_added_at_the_same_time_do_not_exceed_the_quota(
    publisher_of: Callable[[DataClient], PlotPublisher], records: RecordStore
) -> None:
    async def publish_at_once() -> list[object]:
        data = WaitingData()
        publisher, options = publisher_of(data), WriteOptions(max_plots=2)
        names = [f"plot {number}" for number in range(8)]
        tasks = [
            asyncio.create_task(publisher.publish("ada", publication(name=name), None, options))
            for name in names
        ]
        await data.asked.acquire()  # one of them has announced its plot; the others follow
        await asyncio.sleep(0.5)
        data.answer.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    results = asyncio.run(publish_at_once())
    assert len(records.list("plots/ada/")) == len([r for r in results if isinstance(r, tuple)]) <= 2
    rejected = [result for result in results if isinstance(result, Forbidden)]
    assert len(rejected) >= 6
    assert {error.kind for error in rejected} == {"quota-exceeded"}
    assert len(records.list("ids/")) <= 2, "rejected plots leave no index"


def test_a_plot_can_be_added_after_others_were_rejected(
    publisher_of: Callable[[DataClient], PlotPublisher], records: RecordStore
) -> None:
    data = WaitingData()
    data.answer.set()
    publisher, options = publisher_of(data), WriteOptions(max_plots=1)
    asyncio.run(publisher.publish("ada", publication(name="first"), None, options))
    with pytest.raises(Forbidden):
        asyncio.run(publisher.publish("ada", publication(name="second"), None, options))
    asyncio.run(publisher.publish("ada", publication("a new version", "first"), None, options))
    second = WriteOptions(max_plots=2)
    asyncio.run(publisher.publish("ada", publication(name="second"), None, second))
    assert len(records.list("plots/ada/")) == 2
