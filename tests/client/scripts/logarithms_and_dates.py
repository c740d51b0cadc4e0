# publishes: logarithms_and_dates
import datetime as dt

import numpy as np
from bokeh.plotting import figure, show

p = figure(y_axis_type="log", x_axis_type="datetime")
p.step([dt.datetime(2026, 1, day) for day in (1, 2, 3)], np.array([1, 10, 100]), mode="center")
p.varea(x=np.array(["2026-01-01", "2026-01-03"], dtype="datetime64[D]"), y1=[1, 1], y2=[5, 50], alpha=0.3)
show(p)
