"""Objects of libraries that return Bokeh figures, or something near them, and lists and dictionaries."""

from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pandas as pd
from bokeh.models import Plot, Range1d
from bokeh.plotting import figure

from tests.ecosystem.subjects import subject

SAMPLES = np.random.default_rng(1).standard_normal((4, 100))


def plot(width: int = 250, height: int = 200) -> figure:
    fig = figure(width=width, height=height)
    fig.line([1, 2, 3], [3, 1, 2])
    return fig


@subject("chartify")
def chart() -> Any:
    import chartify

    chart = chartify.Chart(blank_labels=True)
    chart.plot.line(pd.DataFrame({"x": [1, 2, 3], "y": [3, 1, 2]}), x_column="x", y_column="y")
    return chart


@subject("networkx")
def graph_renderer() -> Any:
    import networkx as nx
    from bokeh.plotting import from_networkx

    fig = figure(
        width=300, height=300, x_range=Range1d(start=-1.5, end=1.5), y_range=Range1d(start=-1.5, end=1.5)
    )
    fig.renderers.append(from_networkx(nx.cycle_graph(6), nx.circular_layout))
    return fig


@subject("iqplot")
def ecdf() -> Any:
    import iqplot

    return iqplot.ecdf(SAMPLES[0], q="value")


@subject("iqplot")
def strip_box() -> Any:
    import iqplot

    frame = pd.DataFrame({"value": SAMPLES.ravel(), "group": np.repeat(list("abcd"), 100)})
    return iqplot.box(frame, q="value", cats="group")


@subject("arviz")
def forest() -> Any:
    import arviz

    return arviz.plot_forest({"mu": SAMPLES}, backend="bokeh", show=False, colors="navy")


@subject("arviz")
def rank() -> Any:
    import arviz

    return arviz.plot_rank({"mu": SAMPLES}, backend="bokeh", show=False)


@subject("backtesting")
def strategy() -> Any:
    from backtesting import Backtest, Strategy
    from backtesting.test import GOOG

    class Hold(Strategy):  # type: ignore[misc]  # it has no types
        def init(self) -> None:
            pass

        def next(self) -> None:
            if not self.position:
                self.buy()

    run = Backtest(GOOG[:200], Hold)
    run.run()
    return run.plot(open_browser=False, filename=str(Path(mkdtemp()) / "strategy.html"))


@subject("dask", repeats=False)
def task_stream() -> Any:
    import dask
    from dask.diagnostics import Profiler, visualize

    with Profiler() as profiler:
        dask.delayed(sum)([dask.delayed(abs)(-i) for i in range(5)]).compute(scheduler="sync")
    return visualize(profiler, show=False, save=False)


@subject("bokeh")
def dictionary() -> Any:
    return {"first": plot(), "second": plot(350)}


@subject("bokeh")
def nested_list() -> Any:
    return [[plot(), plot()], [plot(), None]]


@subject("bokeh")
def array_of_figures() -> Any:
    figures = np.empty((1, 2), dtype=object)
    figures[0] = plot(), plot()
    return figures


@subject("bokeh")
def low_level_plot() -> Any:
    from bokeh.models import LinearAxis

    low = Plot(width=300, height=200, x_range=Range1d(start=0, end=1), y_range=Range1d(start=0, end=1))
    low.add_layout(LinearAxis(), "below")
    return low
