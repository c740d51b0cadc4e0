"""The columns that Bokeh's models draw by default.

Bokeh leaves properties with their default out of its JSON.
`client/tests/test_defaults.py` compares them with the installed version of Bokeh.
"""

_XY, _AREA = "x y", "x y1 y2"
_IMAGE = "x y dw dh image"
_ARC = "x y radius start_angle end_angle"
_LABELS = "x y text"
_BASE = "base lower upper"

#: The names of columns, by the names of models.
DEFAULT_FIELDS = {
    "AnnularWedge": "x y inner_radius outer_radius start_angle end_angle",
    "Annulus": "x y inner_radius outer_radius",
    "Arc": _ARC,
    "Arrow": "x_start y_start x_end y_end",
    "Band": _BASE,
    "Bezier": "x0 y0 x1 y1 cx0 cy0 cx1 cy1",
    "Block": "x y width height",
    "Circle": "x y radius",
    "Ellipse": "x y width height",
    "GraphRenderer": "index start end xs ys",
    "HArea": "x1 x2 y",
    "HAreaStep": "x1 x2 y",
    "HBar": "y right left",
    "HSpan": "y",
    "HStrip": "y0 y1",
    "HTMLLabelSet": _LABELS,
    "HexTile": "q r",
    "Image": _IMAGE,
    "ImageBase": "x y dw dh",
    "ImageRGBA": _IMAGE,
    "ImageStack": _IMAGE,
    "ImageURL": "x y url",
    "LabelSet": _LABELS,
    "Line": _XY,
    "Marker": _XY,
    "MathMLGlyph": _LABELS,
    "MathTextGlyph": _LABELS,
    "MultiLine": "xs ys",
    "MultiPolygons": "xs ys",
    "Ngon": "x y radius n",
    "Patch": _XY,
    "Patches": "xs ys",
    "PolarTransform": "angle radius",
    "Quad": "left right top bottom",
    "Quadratic": "x0 y0 x1 y1 cx cy",
    "Ray": "x y length angle",
    "Rect": "x y width height",
    "Scatter": _XY,
    "Segment": "x0 y0 x1 y1",
    "Step": _XY,
    "TeXGlyph": _LABELS,
    "Text": _LABELS,
    "VArea": _AREA,
    "VAreaStep": _AREA,
    "VBar": "x top bottom",
    "VSpan": "x",
    "VStrip": "x0 x1",
    "Wedge": _ARC,
    "Whisker": _BASE,
}
