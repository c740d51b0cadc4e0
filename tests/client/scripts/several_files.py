# publishes: first, second
from bokeh.plotting import figure, output_file, reset_output, show

for name in ("first", "second"):
    output_file(f"{name}.html")
    p = figure(title=name)
    p.line([0, 1], [0, 1])
    show(p)
    reset_output()
