"""Custom models with an implementation in TypeScript or JavaScript; compiling them requires Node.js."""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined,call-arg"

import numpy as np
from bokeh.core.properties import Array, Float, Instance, Int, String
from bokeh.model import Model
from bokeh.models import ColumnDataSource, LayoutDOM, TickFormatter
from bokeh.plotting import figure
from bokeh.util.compiler import JavaScript, TypeScript

from tests.gallery.registry import gallery

FORMATTER = """
import {TickFormatter} from "models/formatters/tick_formatter"
import type * as p from "core/properties"

export namespace RomanFormatter {
  export type Attrs = p.AttrsOf<Props>
  export type Props = TickFormatter.Props & {suffix: p.Property<string>}
}
export interface RomanFormatter extends RomanFormatter.Attrs {}

export class RomanFormatter extends TickFormatter {
  declare properties: RomanFormatter.Props

  static {
    this.define<RomanFormatter.Props>(({Str}) => ({suffix: [Str, ""]}))
  }

  doFormat(ticks: number[]): string[] {
    const roman = ["0", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"]
    return ticks.map((tick) => (roman[tick] ?? `${tick}`) + this.suffix)
  }
}
"""

BARS = """
const {LayoutDOM, LayoutDOMView} = require("models/layouts/layout_dom")
const {div} = require("core/dom")

class SparkBarsView extends LayoutDOMView {
  get child_models() {
    return []
  }

  render() {
    super.render()
    for (const value of [...this.model.source.data.value, ...this.model.marks]) {
      const style = {width: `${20 * value}px`, height: "12px", margin: "2px", background: this.model.color}
      this.shadow_el.appendChild(div({style}))
    }
  }
}

class SparkBars extends LayoutDOM {
  static __name__ = "SparkBars"

  static {
    this.prototype.default_view = SparkBarsView
    this.define(({Any, Str, Int}) => ({
      source: [Any],
      marks: [Any],
      color: [Str, "steelblue"],
      bars: [Int, 0],
    }))
  }
}
exports.SparkBars = SparkBars
"""


class RomanFormatter(TickFormatter):
    """Formats ticks as Roman numerals."""

    __implementation__ = TypeScript(FORMATTER)

    suffix = String(default="")


class SparkBars(LayoutDOM):
    """Shows a bar for each row of a source and for each mark."""

    __implementation__ = JavaScript(BARS)

    source = Instance(ColumnDataSource)
    marks = Array(Float)
    color = String(default="steelblue")
    bars = Int(default=0)


@gallery
def roman_ticks() -> Model:
    """A tick formatter in TypeScript."""
    plot = figure(title="Roman", width=500, height=250, x_range=(0, 10))
    plot.line(np.arange(11), np.arange(11) ** 0.5)
    plot.xaxis.formatter = RomanFormatter(suffix=".")
    return plot


@gallery
def spark_bars() -> Model:
    """A layout element in JavaScript, with a source and an array as properties."""
    source = ColumnDataSource({"value": np.array([1.0, 3.0, 2.0, 5.0])})
    return SparkBars(source=source, marks=np.array([4.0, 0.5]), bars=4, width=300, height=150)
