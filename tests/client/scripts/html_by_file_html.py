# publishes: html_by_file_html
from bokeh.embed import file_html
from bokeh.plotting import figure
from bokeh.resources import CDN

p = figure()
p.line([0, 1], [0, 1])
html = file_html(p, CDN, "A page of my own")
assert "</html>" in html
