# publishes: ragged_patches
from bokeh.plotting import figure, show

p = figure()
p.patches([[1, 3, 2], [3, 4, 6, 6]], [[2, 1, 4], [4, 7, 8, 5]], color=["firebrick", "navy"], alpha=[0.8, 0.3])
p.multi_line([[1, 2], [1, 2, 3]], [[0, 1], [2, 1, 2]])
show(p)
