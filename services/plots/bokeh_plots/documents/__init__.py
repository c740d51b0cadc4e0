"""Bokeh documents as JSON: scenes, packed columns, live columns and limits."""
