# publishes: list_of_models
from bokeh.io import save
from bokeh.plotting import figure, output_file

output_file("list_of_models.html")
plots = []
for title in "ab":
    p = figure(title=title)
    p.line([0, 1], [0, 1])
    plots.append(p)
save(plots)
