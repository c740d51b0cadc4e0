"""Publishes plots in the plots service without HTTP, and reads what they are."""

import asyncio
from typing import Any

from bokeh_common.http.client.service_client import ServiceClient
from bokeh_plots.clients import DataClient
from bokeh_plots.documents.publication import Publication, parse_publication
from bokeh_plots.plots.editing import UNCONDITIONAL, WriteOptions
from bokeh_plots.plots.plots import Plot, Plots
from bokeh_plots.plots.publishing import PlotPublisher
from bokeh_plots.storage.repository import PlotRepository

Result = tuple[Plot, bool]


class Publisher:
    """Publishes plots without columns, for which the data service is not called."""

    def __init__(self, repository: PlotRepository) -> None:
        data = DataClient(ServiceClient("http://unreachable.invalid"))
        self._publisher = PlotPublisher(repository, data, max_versions=5)

    def publish(self, user: str, given: Publication, options: WriteOptions = UNCONDITIONAL) -> Result:
        return asyncio.run(self._publisher.publish(user, given, None, options))

    def publish_at_once(self, user: str, given: list[Publication]) -> list[Result]:
        async def publish_all() -> list[Result]:
            return await asyncio.gather(*(self._publisher.publish(user, item, None) for item in given))

        return asyncio.run(publish_all())


def publication(name: str = "sine", text: str = "one", **more: Any) -> Publication:
    root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": text}}
    return parse_publication({"name": name, "document": {"version": "3.9.2", "roots": [root]}, **more})


def text_of(plots: Plots, plot: Plot) -> str:
    return str(plots.document(plot)["roots"][0]["attributes"]["text"])
