import pytest

from bokeh_common.storage import open_blobs, open_records
from bokeh_plots.plots.editing import PlotEditor
from bokeh_plots.plots.plots import Plots
from bokeh_plots.storage.repository import PlotRepository
from tests.support.plot_publisher import Publisher


@pytest.fixture
def repository(storage: str) -> PlotRepository:
    return PlotRepository(open_records(storage, "plots"), open_blobs(storage, "plots"))


@pytest.fixture
def plots(repository: PlotRepository) -> Plots:
    return Plots(repository)


@pytest.fixture
def publisher(repository: PlotRepository) -> Publisher:
    return Publisher(repository)


@pytest.fixture
def editor(repository: PlotRepository) -> PlotEditor:
    return PlotEditor(repository, max_versions=5)
