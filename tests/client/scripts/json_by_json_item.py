# publishes: json_by_json_item
import json

from bokeh.embed import json_item
from bokeh.plotting import figure

p = figure()
p.line([0, 1], [0, 1])
print(len(json.dumps(json_item(p, "myplot"))) > 100)
