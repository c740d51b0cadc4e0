# publishes: array_by_xarray
import numpy as np
import xarray as xr
from bokeh.plotting import figure, show

field = xr.DataArray(np.outer(np.arange(4.0), np.arange(5.0)), dims=("y", "x"))
p = figure()
p.image(image=[field.values], x=0, y=0, dw=5, dh=4, palette="Viridis256")
p.line(x=field.x.values if "x" in field.coords else np.arange(5), y=field.mean("y"))
show(p)
