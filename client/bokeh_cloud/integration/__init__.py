"""Publishing through Bokeh's own `show` and `save`, from scripts, notebooks and documents."""
