# publishes: annotations
from bokeh.models import Arrow, BoxAnnotation, Label, NormalHead, Span
from bokeh.plotting import figure, show

p = figure(y_range=(0, 10))
p.line([0, 10], [0, 10])
p.add_layout(BoxAnnotation(bottom=2, top=4, fill_alpha=0.1))
p.add_layout(Label(x=2, y=8, text="here $$x^2$$"))
p.add_layout(Arrow(end=NormalHead(), x_start=2, y_start=7, x_end=5, y_end=5))
p.add_layout(Span(location=5, dimension="height"))
show(p)
