# publishes: images
import numpy as np
from bokeh.plotting import figure, show

n = 20
img = np.zeros((n, n), dtype=np.uint32)
view = img.view(dtype=np.uint8).reshape((n, n, 4))
view[:, :, 0], view[:, :, 3] = 158, 255
p = figure(tooltips=[("value", "@image")])
p.image_rgba(image=[img], x=0, y=0, dw=10, dh=10)
show(p)
