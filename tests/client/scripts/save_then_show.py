# publishes: save_then_show
import warnings

from bokeh.io import save, show
from bokeh.plotting import figure

warnings.simplefilter("ignore")
p = figure()
p.line([0, 1], [0, 1])
save(p)
show(p)
