"""Sample figures that together use what Bokeh can put into a document.

Each builder returns fresh models with the same content at every call, and needs no network. They are grouped
by theme; `test_gallery.py` says which kinds of data and which features they must cover between them.
"""

from tests.gallery import (
    annotations,
    categorical,
    code,
    custom_model,
    data_types,
    frames,
    geo,
    graphs,
    images,
    layouts,
    lines,
    text,
    themes,
    times,
    values,
    webgl,
    widgets,
)
from tests.gallery.registry import FIGURES, Builder, Built, as_document

__all__ = [
    "FIGURES",
    "Builder",
    "Built",
    "annotations",
    "as_document",
    "categorical",
    "code",
    "custom_model",
    "data_types",
    "frames",
    "geo",
    "graphs",
    "images",
    "layouts",
    "lines",
    "text",
    "themes",
    "times",
    "values",
    "webgl",
    "widgets",
]
