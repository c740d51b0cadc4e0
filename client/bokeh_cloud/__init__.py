"""Publish Bokeh figures to a Bokeh Cloud with one call."""
