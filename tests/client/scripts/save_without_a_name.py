# publishes: save_without_a_name
import warnings

from bokeh.plotting import figure, save

warnings.simplefilter("ignore")
p = figure()
p.vbar(x=[1, 2, 3], top=[1, 4, 9], width=0.8)
save(p)
