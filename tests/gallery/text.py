"""Text: mathematical notation and non-Latin scripts."""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined"

import numpy as np
from bokeh.layouts import column
from bokeh.model import Model
from bokeh.models import ColumnDataSource, Div, HTMLLabel, Label, LabelSet, MathML, Paragraph, PreText, TeX
from bokeh.plotting import figure

from tests.gallery.registry import gallery


@gallery
def latex() -> Model:
    """LaTeX in titles, axis labels and ticks."""
    x = np.linspace(0.1, 10, 60)
    plot = figure(width=550, height=350, title=r"$$\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt\pi}{2}$$")
    plot.line(x, np.sin(x) / x)
    plot.xaxis.axis_label = TeX(text=r"\lambda\ [\mu\mathrm{m}]")
    plot.yaxis.axis_label = r"$$\frac{\sin x}{x}$$"
    plot.xaxis.ticker = [2, 5, 8]
    plot.xaxis.major_label_overrides = {2: TeX(text=r"\alpha"), 5: r"$$\beta$$", 8: "plain"}
    plot.add_layout(Label(x=5, y=0.6, text=r"$$e^{i\pi} = -1$$"))
    return plot


@gallery
def mathml() -> Model:
    """MathML in an axis label, and LaTeX in a paragraph."""
    plot = figure(width=400, height=250)
    plot.line([1, 2, 3], [1, 4, 9])
    plot.yaxis.axis_label = MathML(text="<math><msup><mi>x</mi><mn>2</mn></msup></math>")
    return column(plot, Div(text=r"Euler: $$e^{i\pi} + 1 = 0$$"))


@gallery
def alphabets() -> Model:
    """Titles, columns and labels with non-ASCII characters, also outside the basic plane."""
    data = {
        "größe": np.arange(5),
        "высота": np.arange(5) ** 2,
        "名前": ["λ", "ж", "ñ", "Ω", "√"],
        'quo"te\\<&>': ["</script>", "<!--", "\u2028", "𝄞", "tab\t"],
    }
    source = ColumnDataSource(data, name="источник")
    plot = figure(title="Größe · высота · Ω√ </script><b>", width=500, height=300)
    plot.line("größe", "высота", source=source, legend_label="ж")
    plot.text("größe", "высота", text="名前", source=source)
    plot.add_layout(LabelSet(x="größe", y="высота", text='quo"te\\<&>', y_offset=-20, source=source))
    return plot


@gallery
def text_glyphs() -> Model:
    """Text glyphs and paragraphs."""
    plot = figure(width=400, height=250, x_range=(0, 4), y_range=(0, 3))
    plot.text(x=[1, 2, 3], y=[1, 2, 1], text=["left", "two\nlines", "turned"], angle=[0, 0, 0.6])
    plot.add_layout(HTMLLabel(x=1, y=2.4, text="on top", background_fill_color="lightyellow"))
    return column(plot, Paragraph(text="A paragraph of text."), PreText(text="code = 1\n  indented"))
