# publishes: parts_by_components
from bokeh.embed import components
from bokeh.plotting import figure

left, right = figure(title="left"), figure(title="right")
left.line([0, 1], [0, 1])
right.line([0, 1], [1, 0])
script, divs = components({"left": left, "right": right})
assert set(divs) == {"left", "right"}
assert "<script" in script
