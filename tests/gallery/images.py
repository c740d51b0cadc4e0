"""Images: scalars, colours, stacks and files."""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined,call-arg,list-item"

import base64
import io

import numpy as np
from bokeh.model import Model
from bokeh.models import ColorBar, ColumnDataSource, LinearColorMapper, WeightedStackColorMapper
from bokeh.plotting import figure
from PIL import Image

from tests.gallery.registry import gallery, random


def waves(height: int, width: int, phase: float = 0) -> np.ndarray:
    """Return a matrix of waves."""
    y, x = np.mgrid[0 : 6 : height * 1j, 0 : 9 : width * 1j]
    return np.asarray(np.sin(x + phase) * np.cos(y))


@gallery
def scalar_image() -> Model:
    """A matrix with a colour mapper and its colour bar."""
    mapper = LinearColorMapper(palette="Magma256", low=-1, high=1)
    plot = figure(title="Waves", width=550, height=350, match_aspect=True)
    plot.image(image=[waves(80, 120)], x=0, y=0, dw=9, dh=6, color_mapper=mapper)
    plot.add_layout(ColorBar(color_mapper=mapper), "right")
    return plot


@gallery
def rgba_image() -> Model:
    """Colours with transparency, a 32-bit integer for each pixel."""
    pixels = np.zeros((40, 60), dtype=np.uint32)
    channels = pixels.view(np.uint8).reshape(40, 60, 4)
    channels[..., 0] = np.linspace(0, 255, 60, dtype=np.uint8)
    channels[..., 1] = np.linspace(0, 255, 40, dtype=np.uint8)[:, None]
    channels[..., 2] = 128
    channels[..., 3] = 200
    plot = figure(title="Colours", width=450, height=350)
    plot.image_rgba(image=[pixels], x=0, y=0, dw=6, dh=4)
    return plot


@gallery
def images_of_many_sizes() -> Model:
    """A column of matrices of different sizes and dtypes."""
    images = [waves(10, 20), waves(30, 15, 1).astype("float32"), (waves(8, 8, 2) * 100).astype("int16")]
    data = {"image": images, "x": [0, 2, 4], "scale": [1, 2, 3]}
    plot = figure(title="Many sizes", width=500, height=250)
    plot.image("image", x="x", y=0, dw=1.8, dh="scale", palette="Viridis256", source=ColumnDataSource(data))
    return plot


@gallery
def image_layers() -> Model:
    """The layers of an image as an array of three dimensions, mapped to one colour by weights."""
    layers = np.stack([waves(30, 45, phase) + 1 for phase in range(3)], axis=-1)
    alpha = LinearColorMapper(low=0, high=4, palette=["#ffffff20", "#ffffffff"])
    mapper = WeightedStackColorMapper(palette=["red", "green", "blue"], nan_color="white", alpha_mapper=alpha)
    plot = figure(title="Layers", width=500, height=300)
    plot.image_stack(image=[layers], x=0, y=0, dw=9, dh=6, color_mapper=mapper)
    return plot


@gallery
def image_file() -> Model:
    """A PNG in a data URL."""
    file = io.BytesIO()
    Image.fromarray(random(6).integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(file, "PNG")
    url = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    plot = figure(title="File", width=300, height=300, x_range=(0, 1), y_range=(0, 1))
    plot.image_url(url=[url], x=0.1, y=0.9, w=0.8, h=0.8)
    return plot
