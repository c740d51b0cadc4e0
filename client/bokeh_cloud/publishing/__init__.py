"""Publishing Bokeh objects as plots, and downloading what was published."""
