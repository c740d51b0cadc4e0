"""Objects of libraries that make Bokeh documents, published and compared with each library's own export."""
