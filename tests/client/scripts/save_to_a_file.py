# publishes: saved
from pathlib import Path

from bokeh.io import save
from bokeh.plotting import figure
from bokeh.resources import CDN

p = figure(width=300, height=300)
p.scatter([1, 2, 3], [4, 6, 5], size=10)
name = save(p, "saved.html", resources=CDN, title="Saved")
assert "bokeh" in Path(name).read_text()
