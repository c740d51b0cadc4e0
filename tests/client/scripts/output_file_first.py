# publishes: lines
from bokeh.plotting import figure, output_file, show

output_file("lines.html", title="Lines")
p = figure()
p.line([1, 2, 3], [4, 6, 5])
show(p)
