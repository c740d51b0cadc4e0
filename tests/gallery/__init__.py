"""Sample figures that together use all features of Bokeh documents.

Each builder returns new models with the same content at every call, without using the network. The modules
group them by subject; `test_gallery.py` and `test_features.py` list the kinds of columns and the features
that they must cover.
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
