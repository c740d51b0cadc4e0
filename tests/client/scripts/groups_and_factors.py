# publishes: groups_and_factors, groups_and_factors-2
import pandas as pd
from bokeh.models import ColumnDataSource, FactorRange
from bokeh.plotting import figure, show
from bokeh.transform import factor_cmap

df = pd.DataFrame({"fruit": ["Apples", "Pears"] * 4, "year": ["2015", "2016"] * 4, "count": range(8)})
source = ColumnDataSource(df.groupby("fruit"))
p = figure(x_range=sorted(set(df.fruit)), height=250)
fill = factor_cmap("fruit", ["#c9d9d3", "#718dbf"], factors=sorted(set(df.fruit)))
p.vbar(x="fruit", top="count_mean", width=0.9, source=source, fill_color=fill)
nested = figure(x_range=FactorRange(("a", "x"), ("a", "y"), ("b", "x")))
nested.vbar(x=[("a", "x"), ("a", "y"), ("b", "x")], top=[1, 2, 3], width=0.9)
show(p)
show(nested)
