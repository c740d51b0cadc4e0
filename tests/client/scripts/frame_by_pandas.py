# publishes: frame_by_pandas
import numpy as np
import pandas as pd
from bokeh.plotting import figure, show

days = pd.date_range("2026-01-01", periods=50)
df = pd.DataFrame({"day": days, "value": np.arange(50.0), "town": ["Bern", "Graz"] * 25})
df.loc[3, "value"] = np.nan
p = figure(x_axis_type="datetime", tooltips=[("town", "@town"), ("value", "@value")])
p.line("day", "value", source=df)
show(p)
