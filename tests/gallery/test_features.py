"""The figures of the gallery cover all features of documents, apart from kinds of columns."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.gallery.samples import Sample, samples, walk

#: Tells whether a figure has a feature.
Test = Callable[[Sample], bool]


def has(name: str, **attributes: Any) -> Test:
    """Return a test for a model of a type with some attributes."""
    return lambda sample: any(
        attributes.items() <= value.get("attributes", {}).items() for value in sample.objects(name)
    )


def has_where(name: str, attribute: str, test: Callable[[Any], bool]) -> Test:
    """Return a test for a model of a type with an attribute for which `test` is true."""
    return lambda sample: any(
        attribute in value.get("attributes", {}) and test(value["attributes"][attribute])
        for value in sample.objects(name)
    )


def has_arrays(value: Any) -> bool:
    return any(item.get("type") == "ndarray" for item in walk(value))


def contains(part: str) -> Test:
    return lambda sample: part in json.dumps(sample.content, default=str, ensure_ascii=False)


def has_column(test: Callable[[Any], bool], name: Callable[[str], bool] = lambda name: True) -> Test:
    return lambda sample: any(name(column.name) and test(column.encoded) for column in sample.columns())


def has_number(value: str) -> Test:
    return lambda sample: {"type": "number", "value": value} in walk(sample.content)


def has_shared_source(sample: Sample) -> bool:
    """Tell whether several renderers use the same source."""
    renderers = sample.objects("GlyphRenderer")
    sources = Counter(value["attributes"]["data_source"]["id"] for value in renderers)
    return max(sources.values(), default=0) > 1


def has_holes(polygons: Any) -> bool:
    return isinstance(polygons, list) and any(
        isinstance(polygon, list) and isinstance(polygon[0], list) and len(polygon) > 1
        for row in polygons
        if isinstance(row, list)
        for polygon in row
    )


def has_equal_columns(sample: Sample) -> bool:
    """Tell whether two arrays have the same bytes, which are stored once."""
    full = [data for data in sample.arrays if data]
    return len(set(full)) < len(full)


def has_empty_source(sample: Sample) -> bool:
    return any(
        not list(source["attributes"]["data"].get("entries", []))
        for source in sample.objects("ColumnDataSource")
    )


def has_data_model(sample: Sample) -> bool:
    names = {definition["name"] for definition in sample.content.get("defs", [])}
    return any(value["name"] in names for value in sample.objects())


def has_wide_integer(sample: Sample) -> bool:
    """Tell whether a column has an integer of more than 53 bits, which Bokeh converts to a float."""

    def wide(encoded: Any) -> bool:
        items = encoded["array"] if isinstance(encoded, dict) else encoded
        return isinstance(items, list) and any(isinstance(item, float) and item > 2**53 for item in items)

    return has_column(wide)(sample)


def count_roots(sample: Sample) -> int:
    return len(sample.content["roots"])


FEATURES: dict[str, Test] = {
    "datetime axis": has("DatetimeAxis"),
    "timedelta axis": has("TimedeltaAxis"),
    "logarithmic axis": has("LogAxis"),
    "second axis": has_where("Figure", "extra_y_ranges", bool),
    "factors": has_where("FactorRange", "factors", lambda factors: isinstance(factors[0], str)),
    "nested factors": has_where("FactorRange", "factors", lambda factors: len(factors[0]) == 2),
    "deeply nested factors": has_where("FactorRange", "factors", lambda factors: len(factors[0]) == 3),
    "image": has("Image"),
    "RGBA image": has("ImageRGBA"),
    "image stack": has("ImageStack"),
    "image file": has("ImageURL"),
    "polygons with holes": has_column(has_holes),
    "graph": has("GraphRenderer"),
    "static layout": has("StaticLayoutProvider"),
    "layout of arrays": has_where("StaticLayoutProvider", "graph_layout", has_arrays),
    "ticks in an array": has_where("FixedTicker", "ticks", has_arrays),
    "array in the arguments of code": has_where("CustomJS", "args", has_arrays),
    "GeoJSON": has("GeoJSONDataSource"),
    "hexagons": has("HexTile"),
    "contours": has("ContourRenderer"),
    "several roots": lambda sample: count_roots(sample) > 1,
    "row": has("Row"),
    "column": has("Column"),
    "grid": has("GridPlot"),
    "tabs": has("Tabs"),
    "stretching": has("Figure", sizing_mode="stretch_width"),
    "slider with code": has_where("Slider", "js_property_callbacks", lambda value: "CustomJS" in str(value)),
    "data table": has("DataTable"),
    "LaTeX": contains("$$"),
    "TeX model": has("TeX"),
    "MathML": has("MathML"),
    "WebGL": has("Figure", output_backend="webgl"),
    "view with an index filter": has("IndexFilter"),
    "view with a boolean filter": has("BooleanFilter"),
    "view with a group filter": has("GroupFilter"),
    "view with combined filters": has("IntersectionFilter"),
    "view with filter code": has("CustomJSFilter"),
    "shared source": has_shared_source,
    "selection": has_where("Selection", "indices", bool),
    "built-in theme": contains("#20262B"),
    "own theme": contains("#fdf6e3"),
    "style sheet": has("InlineStyleSheet"),
    "source without columns": has_empty_source,
    "plot without renderers": lambda sample: (
        not list(sample.objects("GlyphRenderer")) and has("Figure")(sample)
    ),
    "NaN": has_number("nan"),
    "infinity": has_number("+inf"),
    "minus infinity": has_number("-inf"),
    "unicode title": has_where("Title", "text", lambda value: isinstance(value, str) and not value.isascii()),
    "unicode column name": has_column(lambda _: True, lambda name: not name.isascii()),
    "characters outside the basic plane": contains("\U0001d11e"),
    "end of a script in a string": contains("</script>"),
    "integers beyond doubles": has_wide_integer,
    "custom model in TypeScript": has("RomanFormatter"),
    "custom model in JavaScript": has("SparkBars"),
    "array in a custom model": has_where("SparkBars", "marks", has_arrays),
    "tick code": has("CustomJSTickFormatter"),
    "hover code": has("CustomJSHover"),
    "transform code": has("CustomJSTransform"),
    "expression code": has("CustomJSExpr"),
    "jitter": has("Jitter"),
    "dodge": has("Dodge"),
    "colour mapper": has("LinearColorMapper"),
    "colour bar": has("ColorBar"),
    "band": has("Band"),
    "whisker": has("Whisker"),
    "equal columns": has_equal_columns,
    "empty arrays": lambda sample: b"" in sample.arrays,
    "data model": has_data_model,
    "document event": lambda sample: "CustomJS" in str(sample.content.get("callbacks")),
    "event of a model": has_where("Figure", "js_event_callbacks", lambda value: "CustomJS" in str(value)),
    "document title": lambda sample: sample.content["title"] != "Bokeh Application",
}


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_is_in_a_figure(feature: str) -> None:
    assert [sample.name for sample in samples() if FEATURES[feature](sample)]


@pytest.mark.parametrize("feature", FEATURES)
def test_no_feature_is_in_every_figure(feature: str) -> None:
    """Otherwise the test for the feature may be true of any figure."""
    assert not all(FEATURES[feature](sample) for sample in samples())
