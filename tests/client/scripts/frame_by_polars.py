# publishes: frame_by_polars
import polars as pl
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure, show

df = pl.DataFrame({"x": [1, 2, 3], "y": [1.5, None, 2.5], "name": ["a", "b", "c"]})
p = figure()
p.scatter("x", "y", source=ColumnDataSource(df.to_dict(as_series=False)), size=12)
show(p)
