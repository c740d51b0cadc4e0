"""Converts objects of other libraries, dictionaries and nested lists to Bokeh models or documents."""
